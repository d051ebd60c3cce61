<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\CloudServer;
use RemoteAccess\Refused;

final class CloudServerTest extends TestCase
{
    private const RIGHT = ['success' => true, 'userid' => 7, 'apikey_write' => 'w', 'apikey_read' => 'r'];

    public function testAServerOfTheFirstGenerationGetsNameAndPassword(): void
    {
        $credential = self::server(0, 200, self::RIGHT)->verify('alice', 'p%41ss"\\ÿ!');
        self::assertNull($credential->port);
        self::assertSame(['alice', 'p%41ss"\\ÿ!'], [$credential->username, $credential->password]);
    }

    public function testAnOfferedDeviceCredentialIsTakenInsteadOfThePassword(): void
    {
        $offer = ['mqtt_username' => 'alice.home1', 'mqtt_password' => 'device-secret', 'mqtt_port' => 8885];
        $credential = self::server(0, 200, self::RIGHT + ['remoteaccess' => $offer])->verify('alice', ' secret ');
        self::assertEquals(new RemoteAccess\Credential('alice.home1', 'device-secret', 8885), $credential);
    }

    /** @dataProvider uselessOffers */
    public function testAUselessOfferDoesNotMakeItKeepThePassword($offer): void
    {
        $this->expectExceptionMessage('cannot be used');
        self::server(0, 200, self::RIGHT + ['remoteaccess' => $offer])->verify('alice', 'secret');
    }

    public function uselessOffers(): array
    {
        $fine = ['mqtt_username' => 'a.b', 'mqtt_password' => 'x', 'mqtt_port' => 1];
        return [
            [null], ['x'], [[]], [['mqtt_username' => 'a/b'] + $fine], [['mqtt_username' => 'a.b.c'] + $fine],
            [['mqtt_password' => ''] + $fine], [['mqtt_password' => 5] + $fine],
            [['mqtt_port' => 70000] + $fine], [['mqtt_port' => 'x'] + $fine],
        ];
    }

    /** @dataProvider troubles */
    public function testSaysWhatIsWrong(string $words, int $error, int $status, $body): void
    {
        $this->expectException(Refused::class);
        $this->expectExceptionMessage($words);
        self::server($error, $status, $body)->verify('alice', 'secret');
    }

    public function troubles(): array
    {
        return [
            'name' => ['no server with the name', CURLE_COULDNT_RESOLVE_HOST, 0, ''],
            'closed' => ['does not accept connections', CURLE_COULDNT_CONNECT, 0, ''],
            'slow' => ['did not answer in time', CURLE_OPERATION_TIMEDOUT, 0, ''],
            'certificate' => ['could not prove', CURLE_SSL_CACERT, 0, ''],
            'no TLS' => ['could not prove', CURLE_SSL_CONNECT_ERROR, 0, ''],
            'endless answer' => ['not an emoncms server', CURLE_WRITE_ERROR, 200, ''],
            'other' => ['could not be asked', CURLE_GOT_NOTHING, 0, ''],
            'password' => ['does not know this user name', 0, 200, self::no('Incorrect authentication')],
            'attempts' => ['too many attempts', 0, 200, self::no('Too many attempts, please try again later')],
            'attempts by status' => ['too many attempts', 0, 429, ''],
            'mail' => ['not active yet', 0, 200, self::no('Please verify email address')],
            'second factor' => ['make a pairing code', 0, 200, self::no('This account has a second factor: …')],
            'odd message' => ['does not know', 0, 200, self::no(['<b>'])],
            'page' => ['not an emoncms server', 0, 200, '<html>'],
            'other JSON' => ['not an emoncms server', 0, 200, ['hello' => 1]],
            'truth' => ['not an emoncms server', 0, 200, ['success' => 1]],
            'list' => ['not an emoncms server', 0, 200, [1]],
            'missing' => ['not an emoncms server', 0, 404, ''],
            'redirect' => ['another address', 0, 302, ''],
            'broken' => ['a problem of its own', 0, 502, ''],
        ];
    }

    /** @dataProvider hosts */
    public function testTakesAHostAsPeoplePasteIt(string $typed, string $host): void
    {
        self::assertSame($host, (new CloudServer($typed))->host);
    }

    public function hosts(): array
    {
        return [
            [' mqtt.emoncms.org ', 'mqtt.emoncms.org'],
            ['https://mqtt.emoncms.org/', 'mqtt.emoncms.org'],
            ['mqtts://h/a/b', 'h'],
            ['192.0.2.1', '192.0.2.1'],
        ];
    }

    /** @dataProvider notHosts */
    public function testRefusesWhatIsNoHost(string $typed): void
    {
        $this->expectException(Refused::class);
        new CloudServer($typed);
    }

    public function notHosts(): array
    {
        return [[''], ['https://'], ['a b'], ['host:8883'], ['user@host'], ['höst'], ["a\nb"], ['-a'], ['a?b'], [str_repeat('a', 254)]];
    }

    public function testAsksForWhatIsMissing(): void
    {
        foreach ([['', 'x', 'user name'], ['a/b', 'x', 'user name'], ['alice', '', 'password']] as [$name, $password, $words]) {
            try {
                self::server(0, 200, self::RIGHT)->verify($name, $password);
                self::fail("took $name");
            } catch (Refused $refused) {
                self::assertStringContainsString($words, $refused->getMessage());
            }
        }
    }

    public function testAsksForACredentialOfTheDevicesOwn(): void
    {
        $server = self::server(0, 200, self::RIGHT);
        $server->verify('alice', 'secret');
        self::assertSame(['username' => 'alice', 'password' => 'secret', 'remoteaccess' => '1'], $server->sent);
    }

    public function testAPasswordIsKeptAsItIs(): void
    {
        self::assertSame(' secret ', self::server(0, 200, self::RIGHT)->verify('alice', ' secret ')->password);
    }

    public function testReallyAsks(): void
    {
        $this->expectExceptionMessage('does not accept connections');
        (new CloudServer('127.0.0.1', 1))->verify('alice', 'secret');
    }

    private static function no($message): array
    {
        return ['success' => false, 'message' => $message];
    }

    private static function server(int $error, int $status, $body): CloudServer
    {
        $text = is_string($body) ? $body : json_encode($body);
        return new class ($error, $status, $text) extends CloudServer {
            public array $sent = [];

            public function __construct(private int $error, private int $code, private string $text)
            {
                parent::__construct('mqtt.example');
            }

            protected function post(string $path, array $form): array
            {
                $this->sent = $form;
                return [$this->error, $this->code, $this->text];
            }
        };
    }
}
