<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\Conflict;
use RemoteAccess\Refused;
use RemoteAccess\Settings;
use RemoteAccess\SettingsFile;

final class SettingsFileTest extends TestCase
{
    use Folder;

    private const OLD = '{"APP_ENV": "production", "ACCESS_CONTROL": {"feed/list": "read"}, "MQTT_PORT": "8883", "odd": {"a": [], "b": {}}}';

    public function testAFileThatIsNotThereHasARevision(): void
    {
        $settings = $this->file()->read();
        self::assertFalse($settings->exists());
        self::assertSame(SettingsFile::NONE, $settings->revision);
    }

    public function testTheFileIsForTheAgentsGroupAndNobodyElse(): void
    {
        chmod($this->folder, 02770);
        $this->file()->update(SettingsFile::NONE, fn () => null);
        self::assertSame('640', decoct(fileperms("$this->folder/remoteaccess.json") & 0777));
        self::assertSame(['remoteaccess.json', 'remoteaccess.json.lock'], $this->names());
    }

    public function testAnOlderFilesPermissionsAreTightened(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        chmod("$this->folder/remoteaccess.json", 0666);
        $this->change(fn (Settings $settings) => $settings->setEnabled(false));
        self::assertSame('640', decoct(fileperms("$this->folder/remoteaccess.json") & 0777));
    }

    public function testWhatIsUnknownStaysAsItIs(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        $this->change(fn (Settings $settings) => $settings->setEnabled(false));
        self::assertEquals(
            json_decode('{"ENABLED": false, ' . substr(self::OLD, 1)),
            json_decode(file_get_contents("$this->folder/remoteaccess.json"))
        );
    }

    public function testAChangeOfAnotherRevisionIsAConflictAndChangesNothing(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        $revision = $this->file()->read()->revision;
        $this->change(fn (Settings $settings) => $settings->useTcp(1234, null));
        $before = file_get_contents("$this->folder/remoteaccess.json");
        try {
            $this->file()->update($revision, fn (Settings $settings) => $settings->useTcp(4321, null));
            self::fail('a stale change was made');
        } catch (Conflict $conflict) {
            self::assertSame(1234, $conflict->settings->port());
            self::assertSame(409, $conflict->status);
        }
        self::assertSame($before, file_get_contents("$this->folder/remoteaccess.json"));
    }

    public function testAChangeThatIsGivenUpChangesNothing(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        try {
            $this->change(fn () => throw new Refused('no'));
            self::fail('it was made');
        } catch (Refused $refused) {
            self::assertSame('no', $refused->getMessage());
        }
        self::assertSame(self::OLD, file_get_contents("$this->folder/remoteaccess.json"));
    }

    public function testADamagedFileIsSaidToBeAndIsNeverOverwritten(): void
    {
        $this->put('remoteaccess.json', '{"MQTT_HOST": "mqtt.example", "MQTT_PASS');
        try {
            $this->file()->read();
            self::fail('it was taken');
        } catch (Refused $refused) {
            self::assertStringContainsString('damaged', $refused->getMessage());
            $revision = $refused->details['damaged'];
        }
        $this->expectRefusal('damaged', fn () => $this->file()->update($revision, fn () => null));
        $this->file()->setAside($revision);
        self::assertFalse($this->file()->read()->exists());
        self::assertStringStartsWith('remoteaccess.json.damaged-', $this->names()[0]);
    }

    public function testAWholeFileIsNotSetAside(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        $this->expectException(Conflict::class);
        $this->file()->setAside($this->file()->read()->revision);
    }

    public function testOddFilesAreRefusedInWords(): void
    {
        foreach (['[]' => 'damaged', '"x"' => 'damaged', '' => 'damaged', str_repeat(' ', 600000) => 'too large'] as $text => $word) {
            $this->put('remoteaccess.json', $text);
            $this->expectRefusal($word, fn () => $this->file()->read());
        }
    }

    public function testAMissingFolderSaysWhatToInstall(): void
    {
        $this->expectRefusal('package emoncms-remoteaccess', fn () => (new SettingsFile("$this->folder/none"))->read());
    }

    private function file(): SettingsFile
    {
        return new SettingsFile($this->folder);
    }

    private function change(callable $change): void
    {
        $this->file()->update($this->file()->read()->revision, $change);
    }

    private function expectRefusal(string $words, callable $doing): void
    {
        try {
            $doing();
            self::fail("not refused: $words");
        } catch (Refused $refused) {
            self::assertStringContainsString($words, $refused->getMessage());
        }
    }
}
