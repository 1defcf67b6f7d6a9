"""Settings from the environment, as the public contract names them. Nothing else in the project reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _nothing_when_empty(value: object) -> object:
    return None if value == "" else value


Optional = Annotated[str | None, BeforeValidator(_nothing_when_empty)]


class BadConfiguration(Exception):
    """The environment or the command line does not make sense; the message is one clear line."""


class Settings(BaseSettings):
    """All settings, with their defaults."""

    model_config = SettingsConfigDict(frozen=True, case_sensitive=False, extra="ignore")

    host: str = Field(default="127.0.0.1", validation_alias="NIGHTLEDGER_HOST")
    port: int = Field(default=8000, ge=1, le=65535)
    sandbox_port: int | None = Field(default=None, ge=1, le=65535)
    data_dir: Path = Path(".nightledger")
    public_url: Optional = None
    """Where guests reach the site; the web server's own address unless told otherwise."""
    database_url: Optional = None
    database_prepares: bool = True
    """Whether statements are prepared: not behind a transaction-mode pooler that does not carry them along."""
    redis_url: Optional = None
    keys_url: Optional = None
    master_key: Optional = None
    master_key_new: Optional = None
    """The key that takes over from MASTER_KEY, while `nightledger keys rotate` is not finished."""
    fiscal_years: int = Field(default=7, ge=0, le=99)
    """How long after departure the law wants name and country of a booking's invoice kept."""
    seal_key: Optional = None
    seal_seconds: float = Field(default=10, ge=0.05, le=86_400)
    stripe_api_key: Optional = None
    stripe_api_base: Optional = None
    stripe_webhook_secret: Optional = None
    sendgrid_api_key: Optional = None
    sendgrid_host: Optional = None
    sendgrid_webhook_public_key: Optional = None
    hold_ttl_seconds: int = Field(default=900, ge=1, le=80_000)
    holds_per_address: int = Field(default=5, ge=0)
    holds_per_email: int = Field(default=3, ge=0)
    requests_per_minute: int = Field(default=300, ge=0)
    outcome_days: int = Field(default=30, ge=1, le=36_500)
    """How long the answer to a request is repeated for the same Idempotency-Key; those of sagas are kept for ever."""
    clock_offset: int = 0
    clock_file: Path | None = None
    log_level: str = Field(default="INFO", pattern="(?i)^(debug|info|warning|error)$")
    web_workers: int = Field(default=2, ge=1, le=64)
    trusted_proxies: str = "127.0.0.1"
    """Peers whose `X-Forwarded-For` is believed, comma-separated."""

    @model_validator(mode="after")
    def _no_moved_clock_with_live_vendors(self) -> Self:
        live = (self.stripe_api_key or "").startswith(("sk_live_", "rk_live_"))
        if live and (self.clock_offset or self.clock_file):
            message = "CLOCK_OFFSET must be 0 when STRIPE_API_KEY is a live key: unset one of them"
            raise ValueError(message)
        return self

    @property
    def site_url(self) -> str:
        """Where guests reach the site, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def vendor_port(self) -> int:
        """The port of the local vendor sandbox."""
        return self.sandbox_port or self.port + 1


def read_settings() -> Settings:
    """Read the environment. Raises BadConfiguration naming each variable and its rule."""
    try:
        return Settings()
    except ValidationError as wrong:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']).upper() or 'settings'}: {problem['msg']}"
            for problem in wrong.errors()
        ]
        raise BadConfiguration("; ".join(lines)) from None
