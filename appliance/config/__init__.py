"""TOML becomes frozen values here; nothing else reads the configuration files."""
