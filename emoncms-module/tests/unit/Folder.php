<?php

/** A temporary folder that goes away with the test. */
trait Folder
{
    private string $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/remoteaccess-' . bin2hex(random_bytes(6));
        mkdir($this->folder, 0770);
    }

    protected function tearDown(): void
    {
        chmod($this->folder, 0770);
        self::remove($this->folder);
    }

    private static function remove(string $folder): void
    {
        foreach (array_diff(scandir($folder), ['.', '..']) as $name) {
            $path = "$folder/$name";
            is_dir($path) && !is_link($path) ? self::remove($path) : unlink($path);
        }
        rmdir($folder);
    }

    private function put(string $name, string $text): void
    {
        file_put_contents("$this->folder/$name", $text);
    }

    /** @return string[] */
    private function names(): array
    {
        return array_values(array_diff(scandir($this->folder), ['.', '..']));
    }
}
