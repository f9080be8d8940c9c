//! Manual pages, in roff.

use clap::Command;
use clap_mangen::Man;
use thiserror::Error;

/// Print a manual page, in roff: `make man` writes all of them
#[derive(Clone, Debug, clap::Args)]
pub struct ManArgs {
    /// The command [default: the program itself]
    command: Option<String>,
}

/// There is no manual page of that name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no manual page of a command {asked:?}: use one of {known}")]
pub struct UnknownPage {
    /// The command asked for.
    asked: String,
    /// The commands that have a page.
    known: String,
}

impl ManArgs {
    /// The page of a program, or of one of its commands.
    pub fn page(&self, program: Command) -> Result<Vec<u8>, UnknownPage> {
        let source = format!("{} {}", program.get_name(), program.get_version().unwrap_or_default());
        let mut program = program.disable_help_subcommand(true);
        // The names of subcommands, such as hap-analyze-hap, are only there once the command is built.
        program.build();
        let page = match &self.command {
            None => &program,
            Some(name) => program.find_subcommand(name).ok_or_else(|| unknown(name, &program))?,
        };
        let mut roff = Vec::new();
        // Writing to memory does not fail.
        let _ = Man::new(page.clone()).source(source).render(&mut roff);
        Ok(roff)
    }
}

fn unknown(asked: &str, program: &Command) -> UnknownPage {
    let known = program.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    UnknownPage { asked: asked.to_owned(), known: known.collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::ManArgs;
    use clap::Command;

    fn page(command: Option<&str>) -> Result<String, String> {
        let hidden = Command::new("inner").hide(true);
        let program = Command::new("hap-test").version("1.2").subcommand(Command::new("measure")).subcommand(hidden);
        let page = ManArgs { command: command.map(str::to_owned) }.page(program);
        page.map(|roff| String::from_utf8(roff).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_has_the_name_of_its_command_and_the_version_of_the_program() {
        let program = page(None).unwrap();
        assert!(program.contains(".TH hap-test 1  \"hap-test 1.2\""), "{program}");
        assert!(program.contains("hap\\-test\\-measure(1)") && !program.contains("inner"), "{program}");
        let measure = page(Some("measure")).unwrap();
        assert!(measure.contains(".TH hap-test-measure 1  \"hap-test 1.2\""), "{measure}");
    }

    #[test]
    fn a_page_that_is_not_there_names_those_that_are() {
        assert_eq!(page(Some("mesure")).unwrap_err(), "no manual page of a command \"mesure\": use one of measure");
    }
}
