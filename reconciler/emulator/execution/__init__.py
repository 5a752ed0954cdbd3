"""Running models and workflows for real, and training custom ones.

Belongs here: what a node does with data. Not here: gRPC requests and replies (`operations/`), pictures to numbers
(`prediction/`), writing annotations: a run only says what it wants written.

    values      what a run gives and how it fails
    reader      what a run may look up in the store: models, relations, pictures, embeddings
    run         the walk over a workflow's graph
    behaviour   which code stands for a model: an operator, a public net, a trained version
    operators   one file for each operator type
    merging     the data of several nodes as one
    limits      max_concepts, min_value, select_concepts
    picture     an image on its way to a net, downloaded only if somebody has to see it
    nets        the public models that a net stands for
    embeddings  the embeddings of an app's inputs, as stored
    trained     the models that were trained here
    training    learning from an app's labelled inputs
    teaching    taught scores kept in the database
"""
