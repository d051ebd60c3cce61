//! What an agent costs that nobody asks anything. This test measures, so nothing else runs beside it.

use remoteaccess_tests::world::World;
use std::time::Duration;

#[tokio::test]
async fn measured_an_idle_agent_hardly_ever_wakes_and_is_small() {
    const WHILE: Duration = Duration::from_secs(30);
    let world = World::start().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    // What the request leaves behind, such as the status file, is written within a second.
    world.agent.says("the request to be noted", |status| status["counters"]["answered"] == 1).await;
    let before = world.agent.process().wake_ups();
    // There is nothing to wait for: that nothing happens is what is measured.
    tokio::time::sleep(WHILE).await;
    let wake_ups = world.agent.process().wake_ups() - before;
    let (memory, _) = world.agent.process().memory_kb();
    std::eprintln!("idle for {WHILE:?}: {wake_ups} wake-ups, {memory} kB");
    assert!(wake_ups <= 20, "{wake_ups} wake-ups in {WHILE:?}");
    assert!(memory < 25_000, "{memory} kB");
}
