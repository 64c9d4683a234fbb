//! A program in a process group of its own, so that it and everything it starts can be ended together. wrangler starts
//! Node, which starts workerd: ending only the first leaves the last one running, with its port taken.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// A running program and its descendants. Dropping it kills them.
#[derive(Debug)]
pub struct ProcessGroup {
    leader: Child,
    /// The group's id, which is the leader's process id.
    group: Pid,
}

impl ProcessGroup {
    /// Starts the program as the leader of a new group. A terminal's Ctrl-C does not reach it: whoever started it
    /// decides when it ends.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let leader = command.process_group(0).kill_on_drop(true).spawn()?;
        let id = leader.id().and_then(|id| i32::try_from(id).ok());
        let group = id.map(Pid::from_raw).ok_or_else(|| io::Error::other("the program has no process id"))?;
        Ok(Self { leader, group })
    }

    /// The process id of the leader, which is also the id of the group.
    pub fn id(&self) -> i32 {
        self.group.as_raw()
    }

    /// The pipe to the leader's standard input, once, if it was asked for.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.leader.stdin.take()
    }

    /// The pipe from the leader's standard output, once, if it was asked for.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.leader.stdout.take()
    }

    /// The pipe from the leader's standard error, once, if it was asked for.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.leader.stderr.take()
    }

    /// Waits until the leader ends. May be asked again after that.
    ///
    /// # Errors
    ///
    /// When the operating system will not say.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.leader.wait().await
    }

    /// Asks every process of the group to end, and kills what is left after `grace`.
    pub async fn stop(&mut self, grace: Duration) {
        self.signal(Signal::SIGTERM);
        // How the leader ended does not matter here, nor whether it did: what is left is killed.
        let _ended = tokio::time::timeout(grace, self.leader.wait()).await;
        self.kill().await;
    }

    /// Kills every process of the group with SIGKILL, as a power cut would, and waits for the leader to be gone.
    pub async fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _status = self.leader.wait().await;
    }

    fn signal(&self, signal: Signal) {
        match killpg(self.group, signal) {
            // Nobody left: the wish is fulfilled. On macOS a group of zombies answers EPERM.
            Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => {}
            Err(errno) => eprintln!("cannot send {signal} to process group {}: {errno}", self.group),
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::time::Duration;

    use nix::errno::Errno;
    use nix::sys::signal::kill;
    use nix::unistd::Pid;
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::process::Command;

    use super::ProcessGroup;

    /// A shell that ignores SIGTERM, with a child whose process id it prints.
    async fn stubborn_family() -> (ProcessGroup, Pid) {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' TERM; sleep 600 & echo $!; wait"]).stdout(Stdio::piped());
        let mut group = ProcessGroup::spawn(&mut shell).expect("sh starts");
        let mut lines = BufReader::new(group.take_stdout().expect("stdout is a pipe")).lines();
        let line = lines.next_line().await.expect("reads").expect("a line");
        (group, Pid::from_raw(line.parse().expect("a process id")))
    }

    async fn is_gone_soon(process: Pid) -> bool {
        for _ in 0..100 {
            if kill(process, None) == Err(Errno::ESRCH) || is_zombie(process) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// A killed process whose parent is gone too stays listed until the system's first process takes note.
    fn is_zombie(process: Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    }

    #[tokio::test]
    async fn stopping_ends_also_a_descendant_that_ignores_the_request() {
        let (mut group, child) = stubborn_family().await;
        group.stop(Duration::from_millis(50)).await;
        assert!(is_gone_soon(child).await);
    }

    #[tokio::test]
    async fn dropping_ends_the_descendants_too() {
        let (group, child) = stubborn_family().await;
        drop(group);
        assert!(is_gone_soon(child).await);
    }
}
