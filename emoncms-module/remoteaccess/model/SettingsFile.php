<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * remoteaccess.json, which this module writes and the agent reads.
 *
 * Written whole or not at all: a temporary file in the same folder, then a rename. A change is made to the very
 * revision it was meant for, under a lock.
 */
class SettingsFile
{
    private const NAME = 'remoteaccess.json';

    /**
     * As the agent has it: a larger file is not a configuration.
     */
    private const MAX_BYTES = 512 * 1024;

    /**
     * The revision of a file that is not there.
     */
    public const NONE = 'none';

    private string $file;

    public function __construct(private string $folder)
    {
        $this->file = "$folder/" . self::NAME;
    }

    /**
     * @throws Refused where the file is there but cannot be used
     */
    public function read(): Settings
    {
        $text = $this->text();
        if ($text === null) return new Settings(new \stdClass(), self::NONE);

        if (self::isUsable($text)) return new Settings(json_decode($text), self::revisionOf($text));
        throw new Refused(
            tr('The settings file is damaged: it is not valid JSON. You can put it aside and start with fresh settings; the damaged file is kept beside it.'),
            500,
            ['damaged' => self::revisionOf($text)]
        );
    }

    /**
     * Makes a change, if the file is still as it was in $revision; null is any revision.
     *
     * @param callable(Settings): void $change may throw to leave everything as it is
     * @throws Conflict if it is not
     * @throws Refused if it cannot be written; the old file is then whole
     */
    public function update(?string $revision, callable $change): Settings
    {
        $lock = $this->lock();
        try {
            $settings = $this->read();
            if ($revision !== null && !hash_equals($settings->revision, $revision)) throw new Conflict($settings);
            $change($settings);
            $this->replace($settings->toJson());
            return $this->read();
        } finally {
            fclose($lock);
        }
    }

    /**
     * Renames a damaged file, so that a fresh one can be begun and nothing of the old one is lost.
     */
    public function setAside(string $revision): void
    {
        $lock = $this->lock();
        try {
            $text = $this->text();
            if ($text === null || !hash_equals(self::revisionOf($text), $revision)) throw new Conflict();
            if (self::isUsable($text)) throw new Conflict();
            $kept = $this->file . '.damaged-' . gmdate('Ymd-His');
            if (!@rename($this->file, $kept)) throw $this->notWritten();
        } finally {
            fclose($lock);
        }
    }

    private function text(): ?string
    {
        if (!is_dir($this->folder)) {
            throw new Refused(sprintf(
                tr('The folder %s does not exist. It comes with the package emoncms-remoteaccess: please install that first, then reload this page.'),
                $this->folder
            ), 500, ['not_installed' => true]);
        }
        clearstatcache(true, $this->file);
        if (!file_exists($this->file)) return null;

        $text = @file_get_contents($this->file, false, null, 0, self::MAX_BYTES + 1);
        if ($text === false) {
            throw new Refused(sprintf(
                tr('emoncms may not read %s. Installing the package emoncms-remoteaccess again puts the file permissions right.'),
                $this->file
            ), 500);
        }
        if (strlen($text) > self::MAX_BYTES) {
            throw new Refused(sprintf(tr('%s is far too large to be a settings file.'), $this->file), 500);
        }
        return $text;
    }

    /**
     * @return resource
     */
    private function lock()
    {
        $this->text();
        $lock = @fopen("$this->file.lock", 'c');
        if ($lock === false || !flock($lock, LOCK_EX)) throw $this->notWritten();
        @chmod("$this->file.lock", 0640);
        return $lock;
    }

    private function replace(string $text): void
    {
        $new = "$this->file.new";
        @unlink($new);
        $handle = @fopen($new, 'x');
        if ($handle === false) throw $this->notWritten();

        $written = chmod($new, 0640)
            && @fwrite($handle, $text) === strlen($text) && fflush($handle) && fsync($handle);
        fclose($handle);
        if ($written && $this->rename($new, $this->file)) return;

        $problem = $this->notWritten();
        @unlink($new);
        throw $problem;
    }

    protected function rename(string $from, string $to): bool
    {
        return @rename($from, $to);
    }

    private function notWritten(): Refused
    {
        $free = @disk_free_space($this->folder);
        if ($free !== false && $free < self::MAX_BYTES) {
            $reason = tr('The disk is full. Make some room, then try again.');
        } elseif (!is_writable($this->folder)) {
            $reason = sprintf(
                tr('emoncms may not write to the folder %s: it is read-only or belongs to somebody else. Installing the package emoncms-remoteaccess again puts the file permissions right.'),
                $this->folder
            );
        } else {
            $reason = sprintf(tr('The system says: %s'), error_get_last()['message'] ?? '?');
        }
        return new Refused(tr('The settings could not be saved, and are as they were before.') . ' ' . $reason, 500);
    }

    /**
     * A number beyond all bounds can be read, but not written again.
     */
    private static function isUsable(string $text): bool
    {
        $data = json_decode($text);
        return is_object($data) && json_encode($data) !== false;
    }

    private static function revisionOf(string $text): string
    {
        return hash('sha256', $text);
    }
}
