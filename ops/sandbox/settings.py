"""What the sandbox is told when it starts: from the environment (`SANDBOX_…`) or the command line, nothing else."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class SandboxSettings(BaseSettings):
    """Addresses, secrets and the state file of one sandbox; durations are in seconds."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", frozen=True)

    host: str = "127.0.0.1"
    port: int = 8001
    public_url: str = ""
    """What browsers use to reach the hosted pages; empty means the address of the request that made them."""
    state: Path = Path(".nightledger/sandbox.sqlite")
    merchant: str = "Ella Resort"
    default_property: str = "ella"
    webhook_url: str = ""
    """May contain `{property}`, filled from the object's metadata; empty sends nothing."""
    webhook_secret: str = "whsec_sandbox"  # noqa: S105 - a default for a local fake
    sendgrid_webhook_url: str = ""
    """May contain `{property}`, filled from the mail's custom_args; empty sends nothing."""
    clock_urls: tuple[str, ...] = ()
    """Product clocks that are moved along with this one."""
    clock_file: Path | None = None
    """A file that a product's clock reads its offset from, whole seconds."""
    seed: int = 1
    duplicate_share: float = 0.15
    reorder_share: float = 0.15
    delay_seconds: tuple[float, float] = (0.0, 0.15)
    reorder_seconds: float = 0.4
    retry_seconds: tuple[float, ...] = (0.2, 1, 5, 30, 120, 600, 3600)
