"""What the emulator sees in a picture: scores, embeddings and faces from real nets or from a file of taught answers.

Belongs here: pictures in, numbers out. Nothing here knows gRPC, the store or a Clarifai message, and nothing loads
NumPy, Pillow or a net before the first prediction: the emulator starts and serves without the `vision` extra.

    interface   the values, the protocol and its errors: all that a caller needs to know
    loading     which predictor answers
    names       the concepts a predictor may name, and their ids in clarifai/main
    taught      answers from a file, read by `taught_file`
    vision      answers from the nets: `efficientnet` (with `weights`, `coarse`) and `faces`, both fed by `picture`
    learning    custom models, neighbours and clusters (`regression`, `neighbours`)

Never a made-up score: what no net and no file knows is not answered, or refused with `Unavailable`.
"""
