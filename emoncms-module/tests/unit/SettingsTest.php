<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\Credential;
use RemoteAccess\Presets;
use RemoteAccess\Settings;
use RemoteAccess\SettingsFile;

final class SettingsTest extends TestCase
{
    private const ACCOUNT = ['MQTT_HOST' => 'mqtt.example', 'MQTT_USERNAME' => 'alice', 'MQTT_PASSWORD' => 'secret'];

    public function testReadsAFileOfTheClientOf2018(): void
    {
        $settings = self::of(self::ACCOUNT + ['MQTT_PORT' => '8883', 'MQTT_TLS' => 'true', 'ACCESS_CONTROL' => []]);
        self::assertSame(8883, $settings->port());
        self::assertTrue($settings->isEncrypted());
        self::assertTrue($settings->isEnabled());
        self::assertTrue($settings->isConfigured());
        self::assertSame([], $settings->accessInForce());
        self::assertSame('custom', $settings->mode());
    }

    /** @dataProvider switches */
    public function testReadsSwitchesAsTheAgentDoes($value, bool $on): void
    {
        self::assertSame($on, self::of(['ENABLED' => $value])->isEnabled());
    }

    public function switches(): array
    {
        return [
            [true, true], ['true', true], ['1', true], [1, true], [null, true],
            [false, false], ['False', false], ['0', false], ['', false], [0, false],
        ];
    }

    public function testAnAccountOfDigitsMayBeANumber(): void
    {
        self::assertSame('123', self::of(['MQTT_USERNAME' => 123])->text('MQTT_USERNAME'));
    }

    public function testTheModeIsWhatTheFileDoes(): void
    {
        self::assertSame('read_only', self::of(self::ACCOUNT + ['ACCESS_CONTROL' => Presets::readOnly()])->mode());
        self::assertSame('custom', self::of(self::ACCOUNT + ['ACCESS_CONTROL' => ['feed/list' => 'read']])->mode());
        self::assertSame('off', self::of(self::ACCOUNT + ['ENABLED' => false])->mode());
        self::assertSame('read_only', (new Settings(new stdClass(), SettingsFile::NONE))->mode());
    }

    public function testReadOnlyKeepsTheOwnersList(): void
    {
        $own = ['feed/*' => 'write'];
        $settings = self::of(self::ACCOUNT + ['ACCESS_CONTROL' => $own]);
        $settings->setReadOnly($own);
        self::assertSame(Presets::readOnly(), $settings->accessInForce());
        self::assertSame($own, $settings->customAccess());
        $settings->setCustom($own);
        self::assertSame($own, $settings->accessInForce());
        self::assertStringNotContainsString('ACCESS_CONTROL_CUSTOM', $settings->toJson());
    }

    public function testAListOfOnesOwnMayBeThatOfReadOnly(): void
    {
        $settings = self::of(self::ACCOUNT + ['ACCESS_CONTROL' => ['feed/list' => 'read']]);
        $settings->setCustom(Presets::readOnly());
        self::assertSame('custom', $settings->mode());
        $settings->setReadOnly(Presets::readOnly());
        self::assertSame('read_only', $settings->mode());
    }

    public function testAnEmptyListIsAnObject(): void
    {
        $settings = self::of(self::ACCOUNT);
        $settings->setCustom([]);
        self::assertStringContainsString('"ACCESS_CONTROL": {}', $settings->toJson());
    }

    public function testAFileWithoutAListDoesNotGetOne(): void
    {
        self::assertStringNotContainsString('ACCESS_CONTROL', self::of(self::ACCOUNT)->toJson());
        self::assertStringContainsString('feed/list', self::of(['MQTT_CA_FILE' => '/x'])->toJson(), 'never set up');
    }

    public function testWithoutAnAccountItIsNotSwitchedOn(): void
    {
        $settings = self::of([]);
        $settings->setEnabled(true);
        self::assertFalse($settings->isEnabled());
    }

    public function testANewServerIsAlwaysEncrypted(): void
    {
        $settings = self::of(['MQTT_TLS' => false]);
        $settings->setServer('mqtt.example', new Credential('alice', 'secret'));
        self::assertTrue($settings->isEncrypted());
    }

    public function testMqttOverWebSocketGoesToThePortOfWebPagesAndNothingElseChanges(): void
    {
        $before = ['MQTT_PORT' => '8884', 'MQTT_CA_FILE' => '/own.crt', 'ODD' => ['a' => []]] + self::ACCOUNT;
        $settings = self::of($before);
        self::assertFalse($settings->usesWebsockets());
        $settings->useWebsockets(443);
        self::assertTrue($settings->usesWebsockets());
        self::assertEquals(
            ['MQTT_PORT' => 443, 'MQTT_TRANSPORT' => 'websockets'] + $before,
            json_decode($settings->toJson(), true)
        );
    }

    /** @dataProvider portsOfMqttItself */
    public function testMqttItselfGoesToAPortOfItsOwn(array $file, ?int $typed, ?int $offered, int $port): void
    {
        $settings = self::of($file);
        $settings->useTcp($typed, $offered);
        self::assertSame(['tcp', $port], [$settings->text('MQTT_TRANSPORT'), $settings->port()]);
    }

    public function portsOfMqttItself(): array
    {
        $tcp = ['MQTT_TRANSPORT' => 'tcp', 'MQTT_PORT' => '8884'];
        $websockets = ['MQTT_TRANSPORT' => 'websockets', 'MQTT_PORT' => 443];
        return [
            'a new file' => [[], null, null, 8883],
            'as it stands' => [$tcp, null, null, 8884],
            'typed' => [$tcp, 1884, null, 1884],
            'offered, with the one of before in the form' => [$tcp, 8884, 8899, 8899],
            'a transport that the agent does not know' => [['MQTT_TRANSPORT' => 'quic'] + $tcp, null, null, 8884],
            'back from WebSocket' => [$websockets, null, null, 8883],
            'back from WebSocket, offered' => [$websockets, null, 8899, 8899],
            'back from WebSocket, typed' => [$websockets, 1884, 8899, 1884],
        ];
    }

    private static function of(array $data): Settings
    {
        return new Settings(json_decode(json_encode((object) $data)), 'revision');
    }
}
