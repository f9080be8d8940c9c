//! The page: template, styles, scripts, plot specifications, the plot library and the data in one file.
//!
//! Names in captures are hostile text. The data are in a block that browsers do not run, with every character escaped
//! that could end it, and the page's policy runs the embedded scripts by their hashes, nothing else, and forbids every
//! request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Data;
use crate::{Error, Result};

const TEMPLATE: &str = include_str!("../../report/page.html");
const STYLE: &str = include_str!("../../report/style.css");
const LICENCES: &str = include_str!("../../report/vendor/LICENCES.txt");

/// The plot library, in the order in which its parts need each other.
const LIBRARY: [&str; 3] = [
    include_str!("../../report/vendor/vega.min.js"),
    include_str!("../../report/vendor/vega-lite.min.js"),
    include_str!("../../report/vendor/vega-interpreter.min.js"),
];

/// The page's own scripts: each adds to the object `hap`; the last one starts.
const SCRIPTS: [&str; 15] = [
    include_str!("../../report/scripts/data.js"),
    include_str!("../../report/scripts/format.js"),
    include_str!("../../report/scripts/dom.js"),
    include_str!("../../report/scripts/theme.js"),
    include_str!("../../report/scripts/plot.js"),
    include_str!("../../report/scripts/verdict.js"),
    include_str!("../../report/scripts/bars.js"),
    include_str!("../../report/scripts/curves.js"),
    include_str!("../../report/scripts/similarity.js"),
    include_str!("../../report/scripts/treemap.js"),
    include_str!("../../report/scripts/ranks.js"),
    include_str!("../../report/scripts/functions.js"),
    include_str!("../../report/scripts/runs.js"),
    include_str!("../../report/scripts/limits.js"),
    include_str!("../../report/scripts/start.js"),
];

/// Specifications of the plots, by the name under which the scripts ask for them.
const SPECIFICATIONS: [(&str, &str); 7] = [
    ("theme", include_str!("../../report/specs/theme.json")),
    ("bars", include_str!("../../report/specs/bars.vl.json")),
    ("curves", include_str!("../../report/specs/curves.vl.json")),
    ("matrix", include_str!("../../report/specs/matrix.vl.json")),
    ("tree", include_str!("../../report/specs/tree.vl.json")),
    ("ranks", include_str!("../../report/specs/ranks.vl.json")),
    ("treemap", include_str!("../../report/specs/treemap.vg.json")),
];

/// The page of some data.
pub fn page(data: &Data) -> Result<Vec<u8>> {
    let scripts = scripts();
    let specifications = SPECIFICATIONS.map(|(name, text)| format!("\"{name}\":{text}")).join(",");
    let parts = [
        ("policy", policy(&scripts)),
        ("style", STYLE.to_owned()),
        ("data", inert(&serde_json::to_string(data).map_err(Error::Page)?)),
        ("specifications", inert(&format!("{{{specifications}}}"))),
        ("licences", inert(&serde_json::to_string(LICENCES).map_err(Error::Page)?)),
        (
            "scripts",
            scripts.iter().map(|script| ["<script>", script, "</script>\n"].concat()).collect::<Vec<_>>().concat(),
        ),
    ];
    Ok(filled(TEMPLATE, &parts).into_bytes())
}

/// The library's scripts, then all of the page's as one.
fn scripts() -> Vec<String> {
    let own = format!("\"use strict\";\nconst hap = {{}};\n{}", SCRIPTS.concat());
    LIBRARY.iter().map(|script| (*script).to_owned()).chain([own]).collect()
}

/// What the page may do: run these scripts and use its style sheet.
fn policy(scripts: &[String]) -> String {
    let allowed: Vec<_> = scripts.iter().map(|script| hash(script)).collect();
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        allowed.join(" "),
        hash(STYLE)
    )
}

/// The source expression of a text between tags.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// JSON that cannot end the block that it stands in: these characters occur in JSON within texts only, where an escape
/// means the same.
fn inert(json: &str) -> String {
    let escape = |character: char| match character {
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", u32::from(character)),
        other => other.to_string(),
    };
    json.chars().map(escape).collect()
}

/// The template with each `{{name}}` replaced. What is put in is not looked at again.
fn filled(template: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        page.push_str(parts.iter().find(|(part, _)| *part == name).map_or("", |(_, text)| text));
        rest = after;
    }
    page + rest
}

#[cfg(test)]
mod tests {
    use super::{LIBRARY, SCRIPTS, STYLE, TEMPLATE, filled, hash, inert, policy, scripts};

    #[test]
    fn data_cannot_end_their_block_and_stay_the_same_json() {
        let text = "</script><!--&\u{2028}\u{2029}\"\\";
        let json = inert(&serde_json::to_string(text).unwrap());
        assert_eq!(json, r#""\u003c/script\u003e\u003c!--\u0026\u2028\u2029\"\\""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn what_is_put_in_is_not_filled_again() {
        let parts = [("a", "{{b}}".to_owned()), ("b", "2".to_owned())];
        assert_eq!(filled("<{{a}}|{{b}}|{{c}}>", &parts), "<{{b}}|2|>");
    }

    #[test]
    fn the_policy_names_every_script_by_its_hash_and_allows_nothing_else() {
        // printf alert | openssl dgst -sha256 -binary | base64
        assert_eq!(hash("alert"), "'sha256-35BQWN1npAn++BSA6B5HNlcrDttNf7mHxpXNB+Jg7IE='");
        let policy = policy(&scripts());
        assert_eq!(policy.matches("'sha256-").count(), LIBRARY.len() + 2);
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    }

    #[test]
    fn no_embedded_text_can_end_its_element_and_own_scripts_build_no_markup_from_text() {
        assert!(scripts().iter().all(|script| !script.to_lowercase().contains("</script")));
        assert!(!STYLE.contains("</") && !STYLE.contains("url("));
        assert!(!TEMPLATE.contains("src=") && !TEMPLATE.contains("onclick"));
        let forbidden = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch("];
        for script in SCRIPTS {
            assert!(forbidden.iter().all(|name| !script.contains(name)), "{script}");
        }
    }
}
