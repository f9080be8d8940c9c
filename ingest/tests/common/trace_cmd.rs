//! `trace-cmd report`, line by line.
//!
//! One report does not print everything, so there are two of each file, both in latency format (`-l`), whose first
//! columns have fixed widths:
//!
//! ```text
//! raw (-R)   redis-se-267     1-0x1   119.758546165: function:              ip=mutex_lock parent_ip=do_epoll_wait
//! pretty     redis-se-267     1d..2.   119.758546165: function:             mutex_lock+0x4  <-- do_epoll_wait+0x1d
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Bytes of a thread's name in latency format.
const COMM_WIDTH: usize = 8;
/// Characters of the pretty latency format: interrupts, reschedule, context, preempt count, migration.
const LATENCY_WIDTH: usize = 5;

/// The only instance in the bundled captures.
pub(crate) const INSTANCE: &str = "hapbuf";

/// What trace-cmd says of a file.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Events by buffer and CPU, in the order of the file. The name of the top level is empty.
    pub(crate) events: BTreeMap<(&'static str, i64), Vec<Line>>,
    /// Sum and number of the lost-event markers, by CPU.
    pub(crate) lost: BTreeMap<i64, (i64, i64)>,
    /// Markers without a number.
    pub(crate) lost_unknown: i64,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) time: i64,
    pub(crate) pid: i64,
    pub(crate) event: String,
    pub(crate) flags: i64,
    pub(crate) preempt_count: i64,
    /// Name and offset of the call site, for a function event.
    pub(crate) ip: Option<(String, u64)>,
    /// Name and offset of the caller.
    pub(crate) parent: Option<(String, u64)>,
}

impl Report {
    /// Runs trace-cmd on a file.
    pub(crate) fn of(path: &Path) -> Self {
        let raw = report(path, &["-R"]);
        let pretty = report(path, &["-O", "offset=1", "-O", "parent=1", "-O", "indent=0"]);
        let mut report = Self::default();
        let mut pretty_lines = lines(&pretty);
        for raw_line in lines(&raw) {
            let pretty_line = pretty_lines.next().expect("the raw report has more lines");
            report.take(raw_line, pretty_line);
        }
        assert_eq!(pretty_lines.next(), None, "the pretty report has more lines");
        report
    }

    fn take(&mut self, raw: &[u8], pretty: &[u8]) {
        if let Some(rest) = without_buffer(raw).1.strip_prefix(b"CPU:") {
            assert_eq!(raw, pretty);
            self.take_loss(str::from_utf8(rest).unwrap());
            return;
        }
        let (buffer, cpu, line) = event(raw, pretty).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(raw)));
        self.events.entry((buffer, cpu)).or_default().push(line);
    }

    /// `1 [145 EVENTS DROPPED]`, without the number where the kernel did not say it.
    fn take_loss(&mut self, text: &str) {
        let (cpu, rest) = text.split_once(" [").unwrap();
        match rest.strip_suffix("EVENTS DROPPED]").unwrap().trim() {
            "" => self.lost_unknown += 1,
            number => {
                let (sum, markers) = self.lost.entry(cpu.parse().unwrap()).or_default();
                *sum += number.parse::<i64>().unwrap();
                *markers += 1;
            }
        }
    }

    /// Events by the names of our files: the first buffer with events of a CPU keeps the plain name.
    pub(crate) fn files(&self) -> BTreeMap<String, &Vec<Line>> {
        let name = |(buffer, cpu)| match buffer {
            INSTANCE if self.events.contains_key(&("", cpu)) => format!("{cpu}-buffer1"),
            _ => cpu.to_string(),
        };
        self.events.iter().map(|(&stream, lines)| (name(stream), lines)).collect()
    }
}

fn report(path: &Path, options: &[&str]) -> Vec<u8> {
    let output = Command::new("trace-cmd").args(["report", "-t", "-l"]).args(options).arg("-i").arg(path).output();
    let output = output.expect("these tests need trace-cmd, the oracle: run `make test`, or apt-get install trace-cmd");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "trace-cmd report {}: {stderr}", path.display());
    output.stdout
}

fn lines(report: &[u8]) -> impl Iterator<Item = &[u8]> {
    report.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"cpus="))
}

/// Buffer, CPU and the rest of an event's two lines.
fn event(raw: &[u8], pretty: &[u8]) -> Option<(&'static str, i64, Line)> {
    let (buffer, pid, raw) = head(raw)?;
    let (_, pretty_pid, pretty) = head(pretty)?;
    let (pretty_start, pretty_name, pretty_text) = parts(pretty)?;
    let (raw_start, raw_name, raw_text) = parts(raw)?;
    let (cpu, latency_and_time) = split_number(pretty_start)?;
    let (latency, time) = latency_and_time.split_at_checked(LATENCY_WIDTH)?;
    let time_text = time.trim_start();
    // With a time stamp of cycles, 3.1.6 prints no blank in front of it: the flags are what the time leaves over.
    let flags = raw_start.strip_suffix(time_text)?.trim_end().strip_prefix(cpu)?.strip_prefix("-0x")?;
    if (pid, raw_name) != (pretty_pid, pretty_name) {
        return None;
    }
    let mut line = Line {
        time: nanoseconds(time_text)?,
        pid,
        event: raw_name.to_owned(),
        flags: i64::from_str_radix(flags, 16).ok()?,
        preempt_count: preempt_count(latency)?,
        ..Line::default()
    };
    if raw_name == "function" {
        let (ip, parent) = call(raw_text, pretty_text)?;
        (line.ip, line.parent) = (Some(ip), Some(parent));
    }
    Some((buffer, cpu.parse().ok()?, line))
}

/// Buffer, pid and what follows it. A name may hold blanks, `-` and bytes that are no text, but its width is fixed.
fn head(line: &[u8]) -> Option<(&'static str, i64, &str)> {
    let (buffer, line) = without_buffer(line);
    let rest = str::from_utf8(line.get(COMM_WIDTH..)?.strip_prefix(b"-")?).ok()?;
    let (pid, rest) = split_number(rest)?;
    Some((buffer, pid.parse().ok()?, rest))
}

/// The name of an instance stands in front of its lines; where it has any, those of the top level are moved in as far.
fn without_buffer(line: &[u8]) -> (&'static str, &[u8]) {
    match line.split_at_checked(INSTANCE.len() + 2) {
        Some((b"hapbuf: ", rest)) => (INSTANCE, rest),
        Some((b"        ", rest)) => ("", rest),
        _ => ("", line),
    }
}

/// What stands in front of the event, its name, and its text.
fn parts(line: &str) -> Option<(&str, &str, &str)> {
    let (start, rest) = line.split_once(": ")?;
    let (name, text) = rest.split_once(':')?;
    Some((start.trim_start(), name, text.trim()))
}

/// The digits in front of anything else.
fn split_number(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(digits).filter(|_| digits > 0)
}

/// `119.758546165`, or a number of cycles; without a sign, as trace-cmd prints it.
fn nanoseconds(time: &str) -> Option<i64> {
    let nanoseconds = match time.split_once('.') {
        Some((seconds, fraction)) if fraction.len() == 9 => {
            seconds.parse::<u64>().ok()? * 1_000_000_000 + fraction.parse::<u64>().ok()?
        }
        Some(_) => return None,
        None => time.parse().ok()?,
    };
    Some(nanoseconds as i64)
}

/// Low four bits, then the high ones, each a digit or a dot.
fn preempt_count(latency: &str) -> Option<i64> {
    let digit = |index: usize| match latency.as_bytes().get(index)? {
        b'.' => Some(0),
        digit => char::from(*digit).to_digit(16).map(i64::from),
    };
    Some(digit(3)? | digit(4)? << 4)
}

/// Call site and caller. Both reports name them, the pretty one with offsets.
fn call(raw: &str, pretty: &str) -> Option<((String, u64), (String, u64))> {
    let (raw_ip, raw_parent) = raw.strip_prefix("ip=")?.split_once(" parent_ip=")?;
    let (ip, parent) = pretty.split_once("<--")?;
    let (ip, parent) = (place(ip)?, place(parent)?);
    ((raw_ip, raw_parent) == (&ip.0, &parent.0)).then_some((ip, parent))
}

/// `mutex_lock+0x4`
fn place(text: &str) -> Option<(String, u64)> {
    let (name, offset) = text.trim().rsplit_once("+0x")?;
    Some((name.to_owned(), u64::from_str_radix(offset, 16).ok()?))
}
