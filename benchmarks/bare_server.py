"""The floor under the emulator's lists: `python -m benchmarks.bare_server BASE`.

Copies the models of the emulator at BASE into memory, prints its own address, and answers ListModels with slices of
them until standard input ends. No store, no keys, no rendering.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from clarifai_grpc.grpc.api import service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2, status_pb2

from benchmarks.bare_list import pages


class Lists(grpc.GenericRpcHandler):
    """One method."""

    def __init__(self, models: list[Any]) -> None:
        self._models = models

    def service(self, details: Any) -> Any:
        """ListModels, whatever else is asked for."""
        return grpc.unary_unary_rpc_method_handler(
            self._answer,
            request_deserializer=service_pb2.ListModelsRequest.FromString,
            response_serializer=service_pb2.MultiModelResponse.SerializeToString,
        )

    def _answer(self, request: Any, _: Any) -> Any:
        start = (request.page - 1) * request.per_page
        status = status_pb2.Status(code=status_code_pb2.SUCCESS)
        return service_pb2.MultiModelResponse(status=status, models=self._models[start : start + request.per_page])


def main(base: str) -> None:
    """Serve until standard input ends."""
    with grpc.insecure_channel(base.removeprefix("http://"), [("grpc.max_receive_message_length", -1)]) as channel:
        models = [model for page in pages(channel, "Models", 1000) for model in page]
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_send_message_length", -1)])
    server.add_generic_rpc_handlers((Lists(models),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"http://127.0.0.1:{port}", flush=True)
    sys.stdin.read()
    server.stop(0)


if __name__ == "__main__":
    main(sys.argv[1])
