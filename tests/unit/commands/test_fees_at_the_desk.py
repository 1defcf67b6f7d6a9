"""What a receptionist may charge for coming early or leaving late: no more than a card can pay at once."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.check_in import CheckIn
from commands.check_out import CheckOut
from commands.hold_stay import LARGEST_PAYMENT_MINOR

RESERVATION, STAY = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("kind", [CheckIn, CheckOut])
def test_a_slip_of_the_finger_is_no_fee(kind: type[CheckIn | CheckOut]) -> None:
    largest = kind(reservation_id=RESERVATION, stay_id=STAY, fee_minor=LARGEST_PAYMENT_MINOR)
    assert largest.fee_minor == LARGEST_PAYMENT_MINOR
    for wrong in (-1, LARGEST_PAYMENT_MINOR + 1, 10**20):
        with pytest.raises(ValidationError, match="fee_minor"):
            kind(reservation_id=RESERVATION, stay_id=STAY, fee_minor=wrong)
