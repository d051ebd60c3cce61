<?php

/** What of emoncms' user model this module uses. */
final class FakeUser
{
    /** @param array<int,array{string,string}> $keys userid => read key, write key */
    public function __construct(public array $keys)
    {
    }

    public function get_apikey_read($userid)
    {
        return $this->keys[$userid][0] ?? false;
    }

    public function get_apikey_write($userid)
    {
        return $this->keys[$userid][1] ?? false;
    }

    public function get_id_from_apikey($key)
    {
        foreach ($this->keys as $userid => $pair) {
            if (in_array($key, $pair, true)) return $userid;
        }
        return false;
    }

    public function get_number_of_users()
    {
        return (string) count($this->keys);
    }
}
