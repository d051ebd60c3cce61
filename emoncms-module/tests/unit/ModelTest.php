<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\Conflict;
use RemoteAccess\Model;
use RemoteAccess\Refused;

final class ModelTest extends TestCase
{
    use Folder;

    private const SECRETS = ['MQTT_PASSWORD' => 'cloud-secret', 'APIKEY_READ' => 'old-read-key', 'APIKEY_WRITE' => 'old-write-key'];
    private const FILE = self::SECRETS + [
        'MQTT_HOST' => 'mqtt.example', 'MQTT_USERNAME' => 'alice.home1', 'ACCESS_CONTROL' => ['feed/list' => 'read'],
    ];

    public function testNoAnswerHoldsASecret(): void
    {
        $this->save(self::FILE);
        $model = $this->model();
        $answers = [
            $model->settings(), $model->status(), $model->activity(),
            $model->turn($this->body(['enabled' => false])),
            $model->setAccess($this->custom([], [])),
            $model->repairKeys($this->body()),
        ];
        $text = json_encode($answers);
        foreach ([...array_values(self::SECRETS), 'own-read', 'own-write'] as $secret) {
            self::assertStringNotContainsString($secret, $text);
        }
    }

    public function testSwitchesOffAndOnWithoutThePasswordBeingTypedAgain(): void
    {
        $this->save(self::FILE);
        self::assertSame('off', $this->model()->turn($this->body(['enabled' => false]))['mode']);
        self::assertTrue($this->model()->turn($this->body(['enabled' => true]))['enabled']);
        self::assertSame('cloud-secret', $this->saved()->MQTT_PASSWORD);
    }

    public function testTellsThePageHowMqttGoes(): void
    {
        $this->save(self::FILE);
        self::assertFalse($this->model()->settings()['websockets']);
        $this->save(['MQTT_TRANSPORT' => 'websockets'] + self::FILE);
        self::assertTrue($this->model()->settings()['websockets']);
    }

    public function testNoticesAndRepairsChangedKeys(): void
    {
        $this->save(self::FILE);
        self::assertSame('outdated', $this->model()->settings()['keys']);
        self::assertSame('current', $this->model()->repairKeys($this->body())['keys']);
        self::assertSame(['own-read', 'own-write'], [$this->saved()->APIKEY_READ, $this->saved()->APIKEY_WRITE]);
    }

    public function testNoticesAnotherUsersKeys(): void
    {
        $this->save(['APIKEY_READ' => 'her-read', 'APIKEY_WRITE' => 'her-write'] + self::FILE);
        self::assertSame('other', $this->model()->settings()['keys']);
    }

    public function testTheFirstChoiceWritesAFileThatTheAgentCanRead(): void
    {
        $answer = $this->model()->setAccess($this->custom([], ['feed/list' => 'read']));
        self::assertFalse($answer['configured']);
        self::assertSame('custom', $answer['mode']);
        self::assertSame('own-read', $this->saved()->APIKEY_READ);
        self::assertFalse($this->saved()->ENABLED);
    }

    public function testAWrongEntryIsRefusedWithItsName(): void
    {
        $this->expectExceptionMessage('“feed/../x”');
        $this->model()->setAccess($this->custom([], ['feed/../x' => 'read']));
    }

    public function testAWrongEntryDoesNotStandInTheWayOfSwitchingOff(): void
    {
        $this->save(['ACCESS_CONTROL' => ['Nonsense here' => 'read']] + self::FILE);
        $access = $this->model()->settings()['custom'];
        foreach (['off', 'read_only'] as $mode) {
            $answer = $this->model()->setAccess($this->body(['mode' => $mode, 'access' => $access, 'base' => $access]));
            self::assertSame($mode, $answer['mode']);
        }
    }

    public function testAStaleListTellsWhatBothDidAndWhatTheyMakeTogether(): void
    {
        $this->save(self::FILE);
        $stale = $this->custom(['feed/list' => 'read'], ['feed/list' => 'read', 'feed/data' => 'read']);
        $this->model()->setAccess($this->custom([], ['input/list' => 'read']));
        try {
            $this->model()->setAccess($stale);
            self::fail('the other list was overwritten');
        } catch (Conflict $conflict) {
            $told = $conflict->answer();
        }
        self::assertTrue($told['conflict']);
        self::assertEquals((object) ['feed/data' => 'read'], $told['mine']);
        self::assertEquals((object) ['feed/list' => null, 'input/list' => 'read'], $told['theirs']);
        self::assertEquals((object) ['feed/data' => 'read', 'input/list' => 'read'], $told['merged']);
        $again = $this->model()->setAccess($this->custom([], (array) $told['merged']));
        self::assertEquals($told['merged'], $again['access']);
    }

    public function testAStaleSwitchTurnsNothingOn(): void
    {
        $this->save(self::FILE);
        $stale = $this->body(['enabled' => true]);
        $this->model()->repairKeys($this->body());
        $this->expectException(Conflict::class);
        $this->model()->turn($stale);
    }

    public function testOffIsOffWhateverWasSavedMeanwhile(): void
    {
        $this->save(self::FILE);
        $off = ['enabled' => false, 'mode' => 'off', 'access' => (object) [], 'base' => (object) []];
        foreach (['turn', 'setAccess'] as $way) {
            $stale = $this->body($off);
            $this->model()->repairKeys($this->body());
            $this->model()->turn($this->body(['enabled' => true]));
            $before = $this->model()->settings();
            $after = $this->model()->$way($stale);
            self::assertSame([true, 'off'], [$before['enabled'], $after['mode']], $way);
            self::assertEquals($before['custom'], $after['custom'], $way);
        }
    }

    public function testANumberThatCannotBeWrittenAgainIsADamagedFile(): void
    {
        $this->put('remoteaccess.json', '{"MQTT_PORT": 1e999}');
        $this->expectExceptionMessage('damaged');
        $this->model()->settings();
    }

    public function testAHandAddedEntryMustHaveAnEffect(): void
    {
        self::assertTrue($this->model()->check((object) ['access' => (object) ['feed/*' => 'write']])['success']);
        $this->expectExceptionMessage('never available');
        $this->model()->check((object) ['access' => (object) ['admin/*' => 'read']]);
    }

    /** @dataProvider malformed */
    public function testMalformedRequestsAreRefused(string $what, array $body): void
    {
        $this->expectException(Refused::class);
        $this->model()->$what((object) $body);
    }

    public function malformed(): array
    {
        return [
            ['turn', ['revision' => 'none', 'enabled' => 'yes']],
            ['turn', ['revision' => [], 'enabled' => true]],
            ['setAccess', ['revision' => 'none', 'mode' => 'all', 'access' => (object) []]],
            ['setAccess', ['revision' => 'none', 'mode' => 'custom']],
            ['connect', ['revision' => 'none', 'host' => 'h', 'username' => 'a', 'password' => 'b', 'port' => '99999']],
            ['connect', ['revision' => 'none', 'host' => 'h', 'username' => 'a', 'password' => 'b', 'emoncms_url' => 'ftp://x']],
            ['connect', ['revision' => 'none', 'host' => 'h', 'username' => 'a', 'password' => ['b']]],
            ['connect', ['revision' => 'none', 'host' => 'h', 'username' => 'a', 'password' => 'b', 'websockets' => 'true']],
            ['connect', ['revision' => 'none', 'host' => 'h', 'username' => 'a', 'password' => 'b', 'websockets' => null]],
        ];
    }

    private function model(): Model
    {
        $user = new FakeUser([1 => ['own-read', 'own-write'], 2 => ['her-read', 'her-write']]);
        return new Model(['remoteaccess' => ['datadir' => $this->folder, 'statusdir' => $this->folder]], $user, 1);
    }

    private function body(array $members = []): object
    {
        return (object) ($members + ['revision' => $this->model()->settings()['revision']]);
    }

    private function custom(array $base, array $access): object
    {
        return $this->body(['mode' => 'custom', 'base' => (object) $base, 'access' => (object) $access]);
    }

    private function save(array $data): void
    {
        $this->put('remoteaccess.json', json_encode($data));
    }

    private function saved(): object
    {
        return json_decode(file_get_contents("$this->folder/remoteaccess.json"));
    }
}
