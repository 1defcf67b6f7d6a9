"""All aggregates of the product, and so all events that its ledger can hold, in the newest and in older forms."""

from aggregates.group import Group
from aggregates.holder import Holder
from aggregates.notification import Notification
from aggregates.payment import Payment
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.turnaway import Turnaway
from aggregates.upkeep import Upkeep
from aggregates.waitlist import Waitlist
from ledger.catalogue import Catalogue
from ledger.upcast import Upcast

AGGREGATES = (Property, Rates, RoomNight, Reservation, Payment, Notification, Holder, Group, Waitlist, Turnaway, Upkeep)
UPCASTS: tuple[Upcast, ...] = ()
"""One step for each topic that was written once and is not any more; `aggregates/topics.txt` lists all that ever were."""
CATALOGUE = Catalogue(AGGREGATES, UPCASTS)
