"""Fetching a network of ``keras.applications``, with progress and a way to stop it."""

from __future__ import annotations

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.models.application_list import application
from cnnviz.models.applications import fetch_model


def fetch_application(context: Context, network: str, owner: str) -> dict:
    """Download the network that Keras calls so; it becomes a model of the owner.

    Returns:
        ``reference`` of the kept model.

    Raises:
        NotFound: Keras has no such network.
        Offline: it has to be downloaded, and cannot be.
    """
    wanted = application(checking.text(network, "network", 60))
    owner = checking.text(owner, "owner", 60)
    reference = fetch_model(
        wanted.name,
        owner,
        report=context.report,
        check_cancelled=context.check_cancelled,
    )
    return {"reference": reference}
