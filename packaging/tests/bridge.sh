# shellcheck shell=bash
bridge_cases() { :; }
