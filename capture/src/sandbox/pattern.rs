//! Patterns of the table of roles.

/// Whether the text fits one of the alternatives, in which `*` stands for any text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    pattern.split('|').any(|alternative| fits_one(alternative, text))
}

fn fits_one(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text_and_a_bar_for_alternatives() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("vhost-*", "vhost-431", true),
            ("vhost-*", "xvhost-431", false),
            ("CPU */KVM", "CPU 12/KVM", true),
            ("CPU */KVM", "CPU 12", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("runc|crun", "crun", true),
            ("runc|crun", "runc2", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
