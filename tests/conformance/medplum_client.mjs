// Does with @medplum/core what a client does, against the server named; tells it as one line of JSON.
// node medplum_client.mjs PACKAGE ORIGIN FAMILY
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, origin, family] = process.argv.slice(2);
const entry = pathToFileURL(join(folder, "dist", "esm", "index.mjs"));
const { MedplumClient, OperationOutcomeError } = await import(entry);
const medplum = new MedplumClient({ baseUrl: origin, fhirUrlPath: "fhir" });

async function refusal(request) {
  try {
    await request();
  } catch (error) {
    const { code, diagnostics, expression } = error.outcome.issue[0];
    return { own: error instanceof OperationOutcomeError, code, diagnostics, expression };
  }
  return null;
}

const patient = { resourceType: "Patient", name: [{ family }] };
const observation = { resourceType: "Observation", code: { text: "mood" } };
const told = {};

told.created = await medplum.createResource(patient);
const id = told.created.id;
told.read = await medplum.readResource("Patient", id);
told.updated = await medplum.updateResource({ ...told.read, active: true });
const operations = [{ op: "add", path: "/gender", value: "female" }];
told.patched = await medplum.patchResource("Patient", id, operations);
told.history = await medplum.readHistory("Patient", id);
told.firstVersion = await medplum.readVersion("Patient", id, "1");

for (let made = 0; made < 4; made += 1) await medplum.createResource(patient);
told.pages = [];
for await (const page of medplum.searchResourcePages("Patient", { family, _count: "2" })) {
  told.pages.push(page.map((each) => each.id));
}

const fullUrl = `urn:uuid:${crypto.randomUUID()}`;
const subject = { reference: fullUrl };
told.transaction = await medplum.executeBatch({
  resourceType: "Bundle",
  type: "transaction",
  entry: [
    {
      resource: { ...observation, status: "final", subject },
      request: { method: "POST", url: "Observation" },
    },
    { fullUrl, resource: patient, request: { method: "POST", url: "Patient" } },
  ],
});

const identifier = [{ system: "http://test.example/ids", value: family }];
const same = `identifier=http://test.example/ids|${family}`;
told.once = await medplum.createResourceIfNoneExist({ ...patient, identifier }, same);
told.again = await medplum.createResourceIfNoneExist({ ...patient, identifier }, same);
told.upserted = await medplum.upsertResource({ ...patient, identifier, active: true }, same);

told.invalid = await refusal(() => medplum.createResource({ ...observation, status: "done" }));
told.stale = await refusal(() =>
  medplum.updateResource({ ...patient, id }, { headers: { "If-Match": 'W/"1"' } }),
);
await medplum.deleteResource("Patient", id);
told.gone = await refusal(() => medplum.readResource("Patient", id));
told.absent = await refusal(() => medplum.readResource("Patient", "nobody"));

console.log(JSON.stringify(told));
