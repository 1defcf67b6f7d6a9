"""All aggregates of the product, and so all events that its ledger can hold."""

from aggregates.holder import Holder
from aggregates.notification import Notification
from aggregates.payment import Payment
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from ledger.catalogue import Catalogue

AGGREGATES = (Property, Rates, RoomNight, Reservation, Payment, Notification, Holder)
CATALOGUE = Catalogue(AGGREGATES)
