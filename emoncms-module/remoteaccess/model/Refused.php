<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Why something was not done: a sentence for the person in front of the page. Never holds a secret.
 */
class Refused extends \Exception
{
    /**
     * @param array $details more members of the answer
     */
    public function __construct(string $sentence, public readonly int $status = 422, public readonly array $details = [])
    {
        parent::__construct($sentence);
    }

    public static function malformed(): self
    {
        return new self(tr('This request is not as this page sends it. Please reload the page and try again.'), 400);
    }

    /**
     * The answer in JSON; its HTTP status goes out as well.
     */
    public function answer(): array
    {
        http_response_code($this->status);
        return ['success' => false, 'message' => $this->getMessage()] + $this->details;
    }
}
