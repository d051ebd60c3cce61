<?php

/** What of emoncms' user model a module meets. Users: name => userid, password, admin, lang, read, write. */
final class StageUser
{
    public function __construct(private array $users)
    {
    }

    public function login(string $name, string $password): array
    {
        $user = $this->users[$name] ?? null;
        if ($user === null || $user['password'] !== $password) return ['success' => false, 'message' => 'Incorrect authentication'];
        $_SESSION = ['name' => $name];
        return ['success' => true];
    }

    public function session(): array
    {
        session_name('EMONCMS_SESSID');
        session_set_cookie_params(['httponly' => true, 'samesite' => 'Strict', 'path' => '/']);
        session_start();
        $user = $this->users[$_SESSION['name'] ?? ''] ?? null;
        if ($user === null) return $this->of(0, 0, 0, 0);
        return $this->of($user['userid'], 1, 1, $user['admin']) + ['lang' => $user['lang'] ?? ''];
    }

    /** emoncms of today marks these sessions; 11.4 does not. */
    public function apikey_session(string $key): array
    {
        foreach ($this->users as $user) {
            if (!in_array($key, [$user['read'], $user['write']], true)) continue;
            $mark = STAGE['generation'] === 'today' ? ['apikey' => 1] : [];
            return $this->of($user['userid'], 1, (int) ($key === $user['write']), 0) + $mark;
        }
        return $this->of(0, 0, 0, 0);
    }

    public function get_apikey_read($userid)
    {
        return array_column($this->users, 'read', 'userid')[$userid] ?? false;
    }

    public function get_apikey_write($userid)
    {
        return array_column($this->users, 'write', 'userid')[$userid] ?? false;
    }

    public function get_id_from_apikey($key)
    {
        foreach ($this->users as $user) {
            if (in_array($key, [$user['read'], $user['write']], true)) return $user['userid'];
        }
        return false;
    }

    public function get_number_of_users()
    {
        return (string) count($this->users);
    }

    private function of(int $userid, int $read, int $write, int $admin): array
    {
        return compact('userid', 'read', 'write', 'admin') + ['public_userid' => 0, 'public_username' => ''];
    }
}
