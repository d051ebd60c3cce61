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

    public function testANewServerIsAlwaysEncryptedAndKeepsTheTransport(): void
    {
        $settings = self::of(['MQTT_TLS' => false, 'MQTT_TRANSPORT' => 'websockets', 'MQTT_PORT' => '8884']);
        $settings->setServer('mqtt.example', new Credential('alice', 'secret'));
        self::assertTrue($settings->isEncrypted());
        self::assertSame('websockets', $settings->text('MQTT_TRANSPORT'));
        self::assertSame(8884, $settings->port());
        $settings->setServer('mqtt.example', new Credential('alice.home1', 'device', 8885));
        self::assertSame(8885, $settings->port());
    }

    private static function of(array $data): Settings
    {
        return new Settings(json_decode(json_encode((object) $data)), 'revision');
    }
}
