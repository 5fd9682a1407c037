"""Phantoms: labelled faces of people who do not exist, rendered from numbers.

No photograph of a patient may ship, yet every part of the kiosk wants faces: training, tests, the demo. So a person
here is a set of numbers (shape, skin, hair, the facial terms of a syndrome), a photo is a set of numbers (camera,
light, pose, sensor), and `render(person, scene, width, height)` turns both into pixels with the true landmarks.

Rules: the same seed gives the same bytes; nothing but a syndrome's own terms (geometry or texture) depends on the
label; units are millimetres in the head, pixels in the picture; axes are those of Face Mesh: x right in the
picture, y down, z away from the camera.
"""
