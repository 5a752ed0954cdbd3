"""Taught scores live in the database and can be told to a running emulator."""

import pytest

from reconciler.emulator.execution import teaching
from reconciler.emulator.prediction.taught_file import TaughtFileError
from reconciler.emulator.server import Emulator

URL = "https://x.invalid/a.jpg"
IN_MAIN = {"user_id": "clarifai", "app_id": "main"}


def file(folder, text):
    path = folder / "taught.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def seen(picture):
    """What the general model says of the picture."""

    def ask(api):
        reply = api(
            "PostModelOutputs", user_app_id=IN_MAIN, model_id="general-image-recognition", inputs=[picture(URL)]
        )
        return {c.name: round(c.value, 3) for c in reply.outputs[0].data.concepts} or reply.status.code

    return ask


def test_another_process_teaches_a_running_emulator(start, tmp_path, seen):
    api = start(database=tmp_path / "db")
    assert seen(api) == 30002
    taught = file(tmp_path, f"{URL}: {{concepts: {{cat: 0.9}}}}\nhttps://x.invalid/b: {{concepts: {{dog: 1}}}}")
    assert teaching.teach(tmp_path / "db", taught) == 2
    assert seen(api) == {"cat": 0.9}
    teaching.teach(tmp_path / "db", file(tmp_path, f"{URL}: {{concepts: {{dog: 0.5}}}}"))
    assert seen(api) == {"dog": 0.5}


def test_what_was_taught_survives_a_restart(tmp_path, client, seen):
    taught = file(tmp_path, f"{URL}: {{concepts: {{ai_l8TKp2h5: 0.9}}}}")
    with Emulator(tmp_path / "db", teach=taught):
        pass
    with Emulator(tmp_path / "db") as emulator:
        assert seen(client(emulator.address)) == {"people": 0.9}


def test_a_file_with_mistakes_starts_nothing(tmp_path):
    with pytest.raises(TaughtFileError, match="a score must be a number"):
        Emulator(tmp_path / "db", teach=file(tmp_path, f"{URL}: {{concepts: {{cat: much}}}}"))
    assert not (tmp_path / "db").exists()


def test_faces_and_embeddings_come_back_as_taught(bench):
    from reconciler.emulator.prediction.taught import Answers

    bench.teach(URL, faces=[(0.1, 0.2, 0.5, 0.6, 0.9)], embedding=(1.0, 0.0), cat=0.5)
    teaching.put(bench.store, bench.taught)
    stored = teaching._Stored(bench.store, teaching.BY_URL)
    assert dict(stored) == Answers({}, bench.taught.by_url).by_url
    assert (len(stored), stored.get("https://x.invalid/other")) == (1, None)
