"""The brokers that are measured, in the order in which the tables show them."""
from __future__ import annotations

from suite.brokers.broker import Broker, Mode, Places, Session
from suite.brokers.iggy import Iggy
from suite.brokers.kafka import Kafka
from suite.brokers.leat import Leat
from suite.brokers.nats import Nats, NatsCore
from suite.brokers.rabbitmq import RabbitMq
from suite.brokers.redis import Redis, RedisPubSub

__all__ = ["Broker", "Mode", "Places", "Session", "all_brokers"]


def all_brokers(places: Places) -> list[Broker]:
    return [kind(places) for kind in (Leat, Kafka, Nats, Redis, RabbitMq, Iggy, RedisPubSub, NatsCore)]
