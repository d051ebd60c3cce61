//! A network of its own: a namespace with one line to this machine, whose packets can be slowed down and lost.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;

/// A namespace with one line to this machine. Dropping it removes it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    line: String,
    /// This machine, as seen from inside.
    pub outside: Ipv4Addr,
    files: PathBuf,
}

/// A command that runs in `namespace`, or here.
pub fn command(namespace: Option<&str>, program: impl AsRef<OsStr>) -> Command {
    match namespace {
        None => Command::new(program),
        Some(name) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", name]).arg(program);
            command
        }
    }
}

impl Namespace {
    /// Makes a namespace in which the names `hosts` mean this machine, and no other name means anything.
    ///
    /// # Errors
    /// Where this machine does not let one: root and `ip` and `tc` of iproute2 are needed.
    pub fn new(hosts: &[&str]) -> Result<Self, String> {
        let random = crate::ports::random_bytes::<3>();
        let tag = random.map(|byte| format!("{byte:02x}")).concat();
        let (third, fourth) = (random[0], random[1] & !3);
        let (outside, inside) =
            (Ipv4Addr::new(10, 213, third, fourth | 1), Ipv4Addr::new(10, 213, third, fourth | 2));
        let name = format!("ra-{tag}");
        let (here, there) = (format!("rb{tag}"), format!("rh{tag}"));
        run("ip", &format!("netns add {name}"))?;
        let files = PathBuf::from(format!("/etc/netns/{name}"));
        let namespace = Self { name: name.clone(), line: there.clone(), outside, files };
        run("ip", &format!("link add {here} type veth peer name {there} netns {name}"))?;
        run("ip", &format!("addr add {outside}/30 dev {here}"))?;
        run("ip", &format!("link set {here} up"))?;
        run("ip", &format!("-n {name} addr add {inside}/30 dev {there}"))?;
        run("ip", &format!("-n {name} link set {there} up"))?;
        run("ip", &format!("-n {name} link set lo up"))?;
        std::fs::create_dir_all(&namespace.files).map_err(|error| error.to_string())?;
        // Where nobody is asked for names: the line leads to this machine alone.
        namespace.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")?;
        namespace.knows(hosts)?;
        Ok(namespace)
    }

    /// From now on these names mean this machine, and no other name means anything.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn knows(&self, hosts: &[&str]) -> Result<(), String> {
        // Written in place: whoever runs inside has this very file.
        let line =
            if hosts.is_empty() { String::new() } else { format!("{} {}\n", self.outside, hosts.join(" ")) };
        self.write("hosts", &line)
    }

    /// Lets so many bits a second out, with a router's queue of a third of a second.
    ///
    /// # Errors
    /// What `tc` says.
    pub fn uplink(&self, kbit: u32) -> Result<(), String> {
        let shape = format!("tbf rate {kbit}kbit burst 3000 latency 300ms");
        self.tc(&format!("qdisc add dev {} root {shape}", self.line))
    }

    /// Of a hundred packets to and from this port of this machine, loses so many in each direction, chosen by chance: 100
    /// is a line that was pulled out somewhere else, of which neither end is told.
    ///
    /// # Errors
    /// What `tc` says.
    pub fn loses(&self, percent: u32, port: u16) -> Result<(), String> {
        let line = &self.line;
        // Fails where there is none yet.
        self.tc(&format!("qdisc del dev {line} clsact")).ok();
        self.tc(&format!("qdisc add dev {line} clsact"))?;
        let below = u64::from(percent.min(100)) * u64::from(u32::MAX) / 100;
        // Neither port is this one: pass (0). Else a random number, from where the kernel keeps one for such programs; at
        // most `below`: drop (2).
        let random = "32 0 0 4294963256";
        let program = format!(
            "8,40 0 0 34,21 2 0 {port},40 0 0 36,21 0 3 {port},{random},37 1 0 {below},6 0 0 2,6 0 0 0"
        );
        for way in ["egress", "ingress"] {
            let program = program.replace(' ', "\u{a0}");
            self.tc(&format!("filter add dev {line} {way} bpf da bytecode {program}"))?;
        }
        Ok(())
    }

    /// For [`command`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a program is started through to run inside.
    pub fn door(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).to_vec()
    }

    fn tc(&self, arguments: &str) -> Result<(), String> {
        run("ip", &format!("netns exec {} tc {arguments}", self.name))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        std::fs::write(self.files.join(name), text).map_err(|error| format!("{name}: {error}"))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The line goes with it.
        run("ip", &format!("netns del {}", self.name)).ok();
        std::fs::remove_dir_all(&self.files).ok();
    }
}

/// Arguments are divided by blanks; one that cannot be broken stays in its argument.
fn run(program: &str, arguments: &str) -> Result<(), String> {
    let arguments: Vec<_> = arguments.split(' ').map(|argument| argument.replace('\u{a0}', " ")).collect();
    let output = Command::new(program).args(&arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{program} {}: {}", arguments.join(" "), said.trim())),
    }
}
