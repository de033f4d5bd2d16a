async def test_a_created_patient_is_read_back_digit_for_digit(client):
    body = b'{"resourceType":"Patient","extension":[{"url":"http://a.example","valueDecimal":1.10}]}'

    created = await client.post("/Patient", content=body)
    read = await client.get(created.headers["Location"].partition("/_history")[0])

    assert created.status_code == 201
    assert read.status_code == 200
    assert b'"valueDecimal":1.10' in read.content
