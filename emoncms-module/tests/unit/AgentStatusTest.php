<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\AgentState;
use RemoteAccess\AgentStatus;

final class AgentStatusTest extends TestCase
{
    use Folder;

    public function testNoFileMeansThatItIsNotRunning(): void
    {
        $status = (new AgentStatus("$this->folder/none"))->activity();
        self::assertSame('not_running', $status['state']);
        self::assertFalse($status['known']);
        self::assertSame([], $status['requests']);
        self::assertStringContainsString('systemctl start', $status['advice']);
    }

    public function testALivingAgentIsBelieved(): void
    {
        $this->agent(41, 'remoteaccess-ag');
        $this->report(['state' => 'connected', 'pid' => 41, 'server' => 'mqtt.example', 'since' => 5]);
        $status = $this->status()->read();
        $wanted = ['state' => 'connected', 'tone' => 'good', 'server' => 'mqtt.example', 'since' => 5];
        self::assertEquals($wanted, array_intersect_key($status, $wanted));
    }

    public function testAKilledAgentIsNot(): void
    {
        $this->agent(1, 'systemd');
        $this->report(['state' => 'connected', 'pid' => 41]);
        self::assertSame('not_running', $this->status()->read()['state']);
    }

    public function testAnotherProgramWithItsNumberIsNotIt(): void
    {
        $this->agent(1, 'systemd');
        $this->agent(41, 'nginx');
        $this->report(['state' => 'connected', 'pid' => 41]);
        self::assertSame('not_running', $this->status()->read()['state']);
    }

    public function testWhereProcessesAreHiddenTheFileIsBelieved(): void
    {
        $this->report(['state' => 'connected', 'pid' => 41]);
        self::assertSame('connected', $this->status()->read()['state']);
    }

    public function testAStoppedAgentIsNotRunning(): void
    {
        $this->agent(41, 'remoteaccess-ag');
        $this->report(['state' => 'stopped', 'pid' => 41]);
        self::assertSame('not_running', $this->status()->read()['state']);
    }

    public function testActivityIsBoundedAndTyped(): void
    {
        $this->agent(41, 'remoteaccess-ag');
        $request = [
            'time' => 1, 'endpoint' => 'feed/list', 'verdict' => 'refused', 'status' => 403, 'error' => 'denied',
            'ms' => 2, 'bytes' => 3,
        ];
        $this->report([
            'state' => 'connected', 'pid' => 41, 'counters' => ['requests' => 9, 'refused' => 'x'],
            'requests' => array_merge([$request, 'odd', []], array_fill(0, 200, $request)),
        ]);
        $status = $this->status()->activity();
        self::assertCount(100, $status['requests']);
        self::assertEquals($request + ['reason' => 'not in your list'], $status['requests'][0]);
        self::assertSame(9, $status['counters']['requests']);
        self::assertSame(0, $status['counters']['refused']);
    }

    public function testEveryStateOfTheAgentHasItsWords(): void
    {
        $source = file_get_contents(PROJECT . '/agent/src/status.rs');
        preg_match('/pub enum State \{(.*?)\n\}/s', $source, $enum);
        preg_match_all('/^    ([A-Z]\w+),/m', $enum[1], $names);
        self::assertNotEmpty($names[1]);
        foreach (array_diff($names[1], ['Stopped']) as $name) {
            $state = strtolower(preg_replace('/\B[A-Z]/', '_$0', $name));
            self::assertNotSame('The agent is busy', AgentState::describe($state)['headline'], $state);
        }
    }

    private function status(): AgentStatus
    {
        return new AgentStatus($this->folder, "$this->folder/proc");
    }

    private function agent(int $pid, string $name): void
    {
        mkdir("$this->folder/proc/$pid", 0770, true);
        $this->put("proc/$pid/comm", "$name\n");
    }

    private function report(array $report): void
    {
        $this->put('status.json', json_encode($report));
    }
}
