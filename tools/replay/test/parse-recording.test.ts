import { parseRecording, RecordingError } from "@xenkit/replay";
import { describe, expect, test } from "vitest";

const START = '{"step":0,"event":"start","xen_version":"4.22.0","domctl_interface_version":24}\n';

describe("a recording", () => {
  test.each([
    { text: "", why: "no start event: which release is this?" },
    { text: `${START}{"op"`, why: "line 2: not JSON: " },
    { text: `${START}[]\n`, why: "line 2: not a JSON object" },
    { text: `${START}\n\n{"step":1}`, why: "line 4: neither an operation nor an event" },
    { text: `${START}{"event":"dance"}`, why: 'line 2: unknown event "dance"' },
    {
      text: `${START}{"caller":"dom0","op":"ioctl:DANCE","rc":0,"err":"OK"}`,
      why: 'line 2: unknown operation "ioctl:DANCE"',
    },
    {
      text: `${START}{"caller":"dom0","op":"toString","rc":0,"err":"OK"}`,
      why: 'line 2: unknown operation "toString"',
    },
    {
      text: `${START}{"caller":"dom0","op":"x","hypercall":29,"in":"0g","rc":0,"err":"OK"}`,
      why: "line 2: in is not whole bytes in hex",
    },
    {
      text: `${START}{"caller":"dom0","op":"x","hypercall":29,"err":"OK"}`,
      why: "line 2: rc is missing",
    },
    {
      text: `${START}{"caller":"dom0","op":"x","hypercall":29,"in":"00","rc":0,"err":"OK"}`,
      why: "line 2: out is missing",
    },
    {
      text: `${START}{"event":"virq","virq":3,"fired":1,"deliveries":0,"port":0,"read":""}`,
      why: "line 2: fired is not true or false",
    },
    {
      text: `${START}{"caller":"dom0","op":"ioctl:EVTCHN_BIND_VIRQ","in":"0300","rc":0,"err":"OK"}`,
      why: "line 2: in is not 4 bytes",
    },
    {
      text: `${START}{"caller":"dom0","op":"ioctl:EVTCHN_UNBIND","rc":0,"err":"OK"}`,
      why: "line 2: in is not 4 bytes",
    },
    {
      text: `${START}{"caller":"dom0","op":"ioctl:EVTCHN_BIND_VIRQ","in":"03000000","rc":131072,"err":"OK"}`,
      why: "line 2: rc is not from -4294967295 to 131071",
    },
    {
      text: `${START}{"caller":"dom0","op":"close:/dev/xen/evtchn","port":-5,"rc":0,"err":"OK"}`,
      why: "line 2: port is not from 0 to 4294967295",
    },
    {
      text: '{"event":"start","domctl_interface_version":0}',
      why: "line 1: domctl_interface_version is not from 1 to 4294967295",
    },
    { text: '{"event":"start"}', why: "line 1: domctl_interface_version is missing" },
    {
      text: `${START}{"event":"pattern","states":"1 0","domains":1}`,
      why: "line 2: states is not a list of 0x… numbers",
    },
  ])("is refused with the number of the line: $why", ({ text, why }) => {
    expect(() => parseRecording(text)).toThrow(RecordingError);
    expect(() => parseRecording(text)).toThrow(why);
  });

  test("may have blank lines, and operations that no one has heard of", () => {
    const zeroes = "00".repeat(144);
    const domctl = `{"caller":"dom0","op":"new_domctl","rc":0,"err":"OK","in":"${zeroes}","out":"${zeroes}"}`;
    const hypercall = '{"caller":"dom0","op":"x","hypercall":99,"cmd":1,"rc":0,"err":"OK"}';
    const { start, lines } = parseRecording(`\n${START}\r\n${domctl}\n${hypercall}\n\n`);
    expect(start.xenVersion).toBe("4.22.0");
    expect(lines.map((line) => line.kind === "operation" && line.call)).toEqual([
      false,
      { kind: "hypercall", hypercall: 36, cmd: 0 },
      { kind: "hypercall", hypercall: 99, cmd: 1 },
    ]);
  });
});
