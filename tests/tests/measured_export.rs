//! Large exports pass through without being held anywhere.

use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::standin::fault::{EXPORT_LINE, export_line};
use remoteaccess_tests::world::World;
use reqwest::Method;
use ring::digest::{Context, SHA256};

const SIZE: u64 = 200_000_000;
const PATH: &str = "/feed/csvexport.json?id=1&start=0&end=1&interval=1";
/// Buffers of a few connections, a window of the answer, the compressor's tables.
const MOST_GROWTH_KB: u64 = 8 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn measured_two_hundred_megabytes_pass_in_bounded_memory() {
    for (accept, size) in [("identity", SIZE), ("zstd", SIZE / 4)] {
        let world = World::start().await;
        // What a first answer of the same kind costs is not growth.
        world.emoncms.order("feed/csvexport", Fault::Export(2_000_000));
        export(&world, accept).await;
        let before = (world.agent.process().memory_kb().0, world.bridge.process().memory_kb().0);

        world.agent.process().forget_peak();
        world.bridge.process().forget_peak();
        world.emoncms.order("feed/csvexport", Fault::Export(size));
        let (bytes, digest) = export(&world, accept).await;
        assert_eq!(bytes, size);
        assert_eq!(digest, expected(size), "{accept}: other bytes");
        for (name, process, before) in
            [("agent", world.agent.process(), before.0), ("bridge", world.bridge.process(), before.1)]
        {
            let peak = process.memory_kb().1;
            std::eprintln!("{accept}: the {name} had {before} kB before and {peak} kB at most");
            assert!(
                peak < before + MOST_GROWTH_KB,
                "{accept}: the {name} grew from {before} kB to {peak} kB"
            );
        }
    }
}

async fn export(world: &World, accept: &str) -> (u64, Vec<u8>) {
    let request = world.client.request(Method::GET, PATH).bearer_auth(&world.account.read_key);
    let mut answer = request.header("Accept-Encoding", accept).send().await.expect("the bridge answers");
    assert_eq!(answer.status().as_u16(), 200);
    let mut sink = Sink { digest: Context::new(&SHA256), bytes: 0 };
    if answer.headers().get("content-encoding").is_some_and(|encoding| encoding == "zstd") {
        let mut decoder = zstd::stream::write::Decoder::new(&mut sink).expect("a decoder can be made");
        while let Some(chunk) = answer.chunk().await.expect("the answer does not break off") {
            std::io::Write::write_all(&mut decoder, &chunk).expect("it is zstd");
        }
        std::io::Write::flush(&mut decoder).expect("it is zstd");
    } else {
        while let Some(chunk) = answer.chunk().await.expect("the answer does not break off") {
            std::io::Write::write_all(&mut sink, &chunk).expect("a sink takes everything");
        }
    }
    (sink.bytes, sink.digest.finish().as_ref().to_vec())
}

struct Sink {
    digest: Context,
    bytes: u64,
}

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn expected(size: u64) -> Vec<u8> {
    let mut digest = Context::new(&SHA256);
    let lines = size / EXPORT_LINE as u64;
    (0..lines).for_each(|index| digest.update(&export_line(index)));
    digest.update(&export_line(lines)[..(size % EXPORT_LINE as u64) as usize]);
    digest.finish().as_ref().to_vec()
}
