<?php

use PHPUnit\Framework\TestCase;

/** emonSD's images have PHP 8.1 and later: fails where the module uses what came after that. */
final class OldestPhpTest extends TestCase
{
    /** What php.net's migration guides to 8.2, 8.3 and 8.4 list and a module like this could meet. */
    private const LATER = [
        'readonly class' => '/\b(readonly\s+(final\s+|abstract\s+)?class|(final|abstract)\s+readonly\s+class)\b/',
        'a constant with a type' => '/\bconst\s+\??[A-Za-z_\\\\|]+\s+[A-Z_]+\s*=/',
        'null, true or false as a type of its own' => '/\bf(unctio)?n\b[^{};]*\)\s*:\s*(null|true|false)\s*[{;=]/i',
        'a type with parentheses' => '/\([A-Za-z_\\\\]+&[A-Za-z_\\\\]+\)\|/',
        'property hooks or asymmetric visibility' => '/\b(public|protected)\s+(private|protected)\(set\)|\$\w+\s*\{\s*(get|set)\b/',
        'new without parentheses around it' => '/(?<!\()new\s+\w+\([^()]*\)->/',
        'a later function' => '/\b(json_validate|mb_str_pad|mb_trim|mb_ltrim|mb_rtrim|mb_ucfirst|array_find|array_find_key|array_any|array_all|ini_parse_quantity|curl_upkeep|memory_reset_peak_usage|str_increment|str_decrement|stream_context_set_options|request_parse_body|bcdivmod)\s*\(/',
        'a constant of a trait, or fetched by name' => '/::\{/',
    ];

    /** @dataProvider files */
    public function testAFileUsesNothingLater(string $file): void
    {
        $code = '';
        foreach (token_get_all(file_get_contents($file)) as $token) {
            if (is_array($token) && in_array($token[0], [T_COMMENT, T_DOC_COMMENT, T_CONSTANT_ENCAPSED_STRING, T_INLINE_HTML], true)) continue;
            $code .= is_array($token) ? $token[1] : $token;
        }
        foreach (self::LATER as $what => $pattern) {
            self::assertDoesNotMatchRegularExpression($pattern, $code, $what);
        }
    }

    public function testTheCheckFindsWhatItLooksFor(): void
    {
        $later = ['final readonly class A {', 'const string A = 1;', 'function f(): null {', 'function f((A&B)|null $x)', 'public private(set) int $x;', 'return new A()->b();', 'json_validate($x)', 'A::{$b}'];
        foreach (array_values(self::LATER) as $index => $pattern) {
            self::assertMatchesRegularExpression($pattern, $later[$index]);
        }
    }

    public function files(): array
    {
        $files = array_merge(...array_map('glob', [MODULE . '/*.php', MODULE . '/model/*.php', MODULE . '/Views/*.php']));
        return array_map(fn ($file) => [$file], $files);
    }
}
