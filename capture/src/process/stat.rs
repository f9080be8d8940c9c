//! The text of `/proc/PID/stat`.

/// Flag of a kernel thread (`PF_KTHREAD`).
const KERNEL_THREAD: u64 = 0x0020_0000;

/// What hap needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) comm: String,
    pub(super) parent: i32,
    pub(super) is_kernel: bool,
    /// Whether the process has ended and only waits for its parent to notice.
    pub(super) is_zombie: bool,
}

impl Stat {
    /// Reads the text. The name may hold blanks and parentheses, so that the last parenthesis ends it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (front, back) = text.rsplit_once(')')?;
        let (_, comm) = front.split_once('(')?;
        let mut words = back.split_ascii_whitespace();
        let is_zombie = matches!(words.next()?, "Z" | "X");
        let parent = words.next()?.parse().ok()?;
        let flags: u64 = words.nth(4)?.parse().ok()?;
        Some(Self { comm: comm.to_owned(), parent, is_kernel: flags & KERNEL_THREAD != 0, is_zombie })
    }
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let stat = Stat::parse("437 (a) S (b c) S 431 431 1 0 -1 4194624 0 0").unwrap();
        assert_eq!(stat, Stat { comm: "a) S (b c".into(), parent: 431, is_kernel: false, is_zombie: false });
    }

    #[test]
    fn a_kernel_thread_has_its_flag() {
        let stat = Stat::parse("434 (vhost-431) S 2 0 0 0 -1 2129984 0 0").unwrap();
        assert_eq!(stat, Stat { comm: "vhost-431".into(), parent: 2, is_kernel: true, is_zombie: false });
        assert_eq!(Stat::parse("434 (cut"), None);
        assert!(Stat::parse("9 (sh) Z 1 0 0 0 -1 4194624 0 0").unwrap().is_zombie);
    }
}
