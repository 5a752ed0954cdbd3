"""Changes a model with Clarifai's own gRPC client, as somebody who does not know of the manifests would."""

import os
from urllib.parse import urlsplit

from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2

base = urlsplit(os.environ["CLARIFAI_API_BASE"])
stub = service_pb2_grpc.V2Stub(ClarifaiChannel.get_insecure_grpc_channel(base.hostname, base.port))
reply = stub.PatchModels(
    service_pb2.PatchModelsRequest(
        user_app_id=resources_pb2.UserAppIDSet(user_id=os.environ["CLARIFAI_USER_ID"], app_id="people-app"),
        models=[resources_pb2.Model(id="greater-than", description="edited by hand in the web interface")],
        action="merge",
    ),
    metadata=[("authorization", f"Key {os.environ['CLARIFAI_PAT']}")],
)
if reply.status.code != status_code_pb2.SUCCESS:
    raise SystemExit(f"{reply.status.code} {reply.status.description}: {reply.status.details}")
print(f"models/{reply.models[0].id}: description = {reply.models[0].description!r}")
