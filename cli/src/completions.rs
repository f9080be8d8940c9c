//! A script by which a shell completes the command line.

use clap::Command;
use clap_complete::Shell;

/// Print a shell's completion script
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

impl CompletionsArgs {
    /// The script for a program.
    pub fn script(self, mut program: Command) -> Vec<u8> {
        let name = program.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, &name, &mut script);
        let (wrong, right) = labels(&name);
        String::from_utf8_lossy(&script).replace(&wrong, &right).into_bytes()
    }
}

/// What clap_complete 4.6 calls a command where bash chooses its options, if the program has a hyphen in its name (clap
/// issue 6421), and what it calls it where bash finds out which one it is.
fn labels(program: &str) -> (String, String) {
    let label = |separator| program.replace('-', separator) + "__subcmd__";
    (label("__subcmd__"), label("__"))
}

/// Examples for the help of the command: where each shell looks for the script of a program.
pub fn completions_examples(program: &str) -> String {
    format!(
        "\
Examples:
  {program} completions bash > ~/.local/share/bash-completion/completions/{program}
  {program} completions zsh > ~/.zfunc/_{program}
  {program} completions fish > ~/.config/fish/completions/{program}.fish"
    )
}

#[cfg(test)]
mod tests {
    use super::{CompletionsArgs, completions_examples};
    use clap::Command;
    use clap_complete::Shell;

    fn script(shell: Shell) -> String {
        let program = Command::new("hap-test").subcommand(Command::new("measure"));
        String::from_utf8(CompletionsArgs { shell }.script(program)).unwrap()
    }

    #[test]
    fn bash_looks_for_the_options_of_a_command_under_the_label_that_it_gave_it() {
        let script = script(Shell::Bash);
        assert!(script.contains("cmd=\"hap__test__subcmd__measure\""), "{script}");
        assert!(script.contains("hap__test__subcmd__measure)"), "{script}");
        assert!(!script.contains("hap__subcmd__test"), "{script}");
    }

    #[test]
    fn every_shell_has_a_script_that_names_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            assert!(script(shell).contains("measure"), "{shell}");
        }
    }

    #[test]
    fn examples_write_where_the_shells_look() {
        assert_eq!(
            completions_examples("hap-test"),
            "Examples:\n  \
             hap-test completions bash > ~/.local/share/bash-completion/completions/hap-test\n  \
             hap-test completions zsh > ~/.zfunc/_hap-test\n  \
             hap-test completions fish > ~/.config/fish/completions/hap-test.fish"
        );
    }
}
