"""One step of a plan -> the calls that do it: fill in, look again, send, read back.

Right before an update or a delete the object is read again and compared with what the plan saw; after a write the reply
or a read-back must show our record. Belongs here: what each verb sends and what its end means, one file for each group
of verbs. Does not belong here: which steps run when (`apply`), or the shape of a kind's requests (`kinds`).
"""
