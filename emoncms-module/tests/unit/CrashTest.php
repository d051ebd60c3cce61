<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\SettingsFile;

/** What happens to the file when the write does not come to its end. Each write is a process of its own. */
final class CrashTest extends TestCase
{
    use Folder;

    private const OLD = '{"ACCESS_CONTROL": {"feed/list": "read"}, "MQTT_PORT": 8883}';
    private const CHANGE = '$file->update($file->read()->revision, fn ($settings) => $settings->useTcp(1234, null));';

    public function testAWriteThatIsKilledBeforeTheRenameLeavesTheOldFileWhole(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        $killed = $this->run_php('$file = new class($folder) extends RemoteAccess\SettingsFile {
            protected function rename(string $from, string $to): bool { posix_kill(getmypid(), 9); return true; }
        };' . self::CHANGE);
        self::assertNotSame(0, $killed['exit']);
        self::assertContains('remoteaccess.json.new', $this->names());
        self::assertSame(self::OLD, $this->text());
    }

    public function testTheNextWriteClearsUpBehindAKilledOne(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        $this->put('remoteaccess.json.new', '{"half":');
        self::assertSame(0, $this->run_php(self::CHANGE)['exit']);
        self::assertSame(1234, (new SettingsFile($this->folder))->read()->port());
        self::assertSame(['remoteaccess.json', 'remoteaccess.json.lock'], $this->names());
    }

    public function testAFullDiskSaysSoAndLeavesTheOldFileWhole(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        // A limit on file sizes fails a write as a full disk does: some bytes, or none, and an error.
        $full = $this->run_php(self::CHANGE, 'trap "" XFSZ; ulimit -f 0; ');
        self::assertStringContainsString('could not be saved, and are as they were before', $full['output']);
        self::assertSame(self::OLD, $this->text());
        self::assertNotContains('remoteaccess.json.new', $this->names());
    }

    public function testAFolderOfSomebodyElseSaysSoAndLeavesTheOldFileWhole(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        chmod($this->folder, 0555);
        $as_nobody = posix_geteuid() === 0 ? 'exec setpriv --reuid=65534 --regid=65534 --clear-groups ' : '';
        $refused = $this->run_php(self::CHANGE, $as_nobody);
        self::assertStringContainsString('may not write to the folder', $refused['output']);
        self::assertSame(self::OLD, $this->text());
    }

    public function testWritersAtOnceLoseNothing(): void
    {
        $this->put('remoteaccess.json', self::OLD);
        $writers = [];
        foreach (range(1, 6) as $number) {
            $writers[] = $this->start('for ($round = 0; $round < 10;) {
                try {
                    $file->update($file->read()->revision, fn ($settings) => $settings->setCustom(
                        $settings->accessInForce() + ["writer' . $number . '/round$round" => "read"]
                    ));
                    $round++;
                } catch (RemoteAccess\Conflict $conflict) {
                    usleep(random_int(0, 500));
                }
            }');
        }
        foreach ($writers as $writer) {
            self::assertSame(0, $this->finish($writer)['exit']);
        }
        self::assertCount(61, (new SettingsFile($this->folder))->read()->accessInForce());
    }

    private function text(): string
    {
        return file_get_contents("$this->folder/remoteaccess.json");
    }

    private function run_php(string $code, string $before = ''): array
    {
        return $this->finish($this->start($code, $before));
    }

    private function start(string $code, string $before = ''): array
    {
        $code = 'define("EMONCMS_EXEC", 1); require $argv[1]; $folder = $argv[2];
            $file = new RemoteAccess\SettingsFile($folder);
            try { ' . $code . ' } catch (RemoteAccess\Refused $refused) { echo $refused->getMessage(); exit(3); }';
        $words = array_map('escapeshellarg', [PHP_BINARY, '-r', $code, '--', MODULE . '/model/load.php', $this->folder]);
        $process = proc_open(['bash', '-c', $before . implode(' ', $words)], [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes);
        return [$process, $pipes[1]];
    }

    private function finish(array $started): array
    {
        [$process, $pipe] = $started;
        $output = stream_get_contents($pipe);
        fclose($pipe);
        return ['output' => $output, 'exit' => proc_close($process)];
    }
}
