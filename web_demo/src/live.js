// The camera, redrawn in the chosen look: one frame at a time, always the newest.

import { announce, fail } from './notices.js';
import { Stopped } from './rpc.js';

const element = (id) => document.getElementById(id);
const VIEWS = [512, 384, 256]; // pixels, side of what is shown; photos have all pixels of the camera
const SMOOTH = 15; // frames per second, below which a smaller view is shown
const QUALITY = 0.95; // of photos
const MEASURED = 1000; // ms over which frames are counted
const CONTROLS = ['photo', 'flip', 'stop-live'];

export class Live {
  #parts;
  #on = false; // from when Live is chosen until it is stopped
  #turn = 0; // number of the last start or stop; a camera that opens for an earlier one is closed again
  #stream = null;
  #facing = 'environment';
  #shown = []; // when the last frames were shown
  #view = 0; // which of VIEWS

  /**
   * @param {object} parts model, photographs, translation; sources, the gallery that receives photos; result, which
   *   shows the frames.
   */
  constructor(parts) {
    this.#parts = parts;
    element('live').addEventListener('click', () => (this.#on ? this.stop() : this.#start()));
    element('stop-live').addEventListener('click', () => {
      this.stop();
      element('live').focus();
    });
    element('flip').addEventListener('click', () => {
      this.#facing = this.#facing === 'user' ? 'environment' : 'user';
      this.#start();
    });
    element('photo').addEventListener('click', () => this.#takePhoto().catch((error) => fail(error.message)));
    parts.sources.addEventListener('chosen', () => this.stop());
    document.addEventListener('visibilitychange', () => document.hidden && this.stop());
  }

  /** Lets the visitor begin once a model is loaded. */
  offer() {
    element('live').disabled = false;
  }

  /** Ends the camera, and shows the chosen picture again. */
  stop() {
    if (!this.#on) return;
    this.#close();
    this.#on = false;
    this.#show(false);
    this.#parts.translation.hold(false);
  }

  async #start() {
    this.#close(); // phones open one camera at a time
    this.#on = true;
    const turn = this.#turn;
    let stream;
    try {
      if (!navigator.mediaDevices) throw new DOMException('', 'NotSupportedError');
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: this.#facing, width: { ideal: 1920 }, height: { ideal: 1080 } },
      });
    } catch (error) {
      if (turn !== this.#turn) return;
      this.stop();
      fail(reason(error));
      return;
    }
    if (turn !== this.#turn) {
      end(stream);
      return;
    }
    this.#stream = stream;
    stream.getVideoTracks()[0].addEventListener('ended', () => stream === this.#stream && this.stop());
    const video = element('camera');
    video.srcObject = stream;
    this.#parts.translation.hold(true);
    this.#show(true);
    announce('The camera is on.');
    try {
      await video.play();
      await this.#run(stream, video);
    } catch (error) {
      if (stream !== this.#stream) return;
      this.stop();
      fail(`The camera could not be redrawn: ${error.message}`);
    }
  }

  /** One frame after the other: while one is drawn, the camera goes on, and the next one drawn is the newest. */
  async #run(stream, video) {
    const fresh = newestFrame(video, () => stream === this.#stream);
    for (let number = 0; stream === this.#stream; number++) {
      await fresh();
      const { x, y, side } = middle(video);
      const size = Math.min(side, VIEWS[this.#view]);
      const canvas = new OffscreenCanvas(size, size);
      canvas.getContext('2d', { willReadFrequently: true }).drawImage(video, x, y, side, side, 0, 0, size, size);
      const frame = canvas.transferToImageBitmap(); // without a GPU twice as fast as createImageBitmap
      const drawn = await this.#draw({ hash: `${stream.id} ${number}`, slot: 'frame', blob: frame }).catch((error) => {
        if (!(error instanceof Stopped)) throw error; // another model was chosen, which draws the next frame
      });
      if (stream !== this.#stream) return;
      if (!drawn) continue;
      const { facingMode } = stream.getVideoTracks()[0].getSettings();
      this.#parts.result.showFrame(drawn.bitmap, facingMode !== 'environment');
      this.#count();
    }
  }

  async #draw(frame) {
    const { model, photographs, translation } = this.#parts;
    frame.seen = await photographs.see(frame, 'source');
    const found = await translation.styleFor(frame.seen);
    if (!found) return null; // no look is chosen
    const { bytes } = await model.generate(frame.seen.bytes, found.style);
    return photographs.redraw({ ...frame, blob: null }, bytes, translation.settings);
  }

  #count() {
    const now = performance.now();
    this.#shown.push(now);
    const [first] = this.#shown;
    if (now - first < MEASURED) return;
    const rate = (1000 * (this.#shown.length - 1)) / (now - first);
    this.#shown = [now];
    const count = rate.toFixed(0);
    element('fps').textContent = `${count} ${count === '1' ? 'frame' : 'frames'} per second`;
    element('fps').dataset.rate = rate; // for measurements
    if (rate < SMOOTH && this.#view < VIEWS.length - 1) this.#view++;
  }

  /** Adds the middle of what the camera sees, in all its pixels, to the pictures. Choosing it there ends Live. */
  async #takePhoto() {
    const video = element('camera');
    const { x, y, side } = middle(video);
    const canvas = new OffscreenCanvas(side, side);
    canvas.getContext('2d').drawImage(video, x, y, side, side, 0, 0, side, side);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
    const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
    await this.#parts.sources.addFiles([new File([blob], `photo-${time}.jpg`, { type: blob.type })]);
  }

  #close() {
    this.#turn++;
    if (this.#stream) end(this.#stream);
    this.#stream = null;
    this.#shown = [];
    element('camera').srcObject = null;
  }

  #show(on) {
    document.body.classList.toggle('is-live', on);
    element('live').setAttribute('aria-pressed', String(on));
    element('fps').hidden = !on;
    element('fps').textContent = '';
    for (const id of CONTROLS) element(id).hidden = !on;
    this.#parts.result.live(on);
    if (on) this.#offerFlip();
  }

  async #offerFlip() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    element('flip').hidden = !this.#stream || devices.filter(({ kind }) => kind === 'videoinput').length < 2;
  }
}

/** Turns a camera off. */
function end(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** A function that waits for a frame that it has not waited for before. */
function newestFrame(video, wanted) {
  if (!video.requestVideoFrameCallback) return () => new Promise(requestAnimationFrame);
  let there = false;
  let resolve = null;
  const next = () => {
    there = true;
    resolve?.();
    if (wanted()) video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
  return async () => {
    if (!there) await new Promise((done) => (resolve = done));
    [there, resolve] = [false, null];
  };
}

function middle({ videoWidth: width, videoHeight: height }) {
  const side = Math.min(width, height);
  return { x: (width - side) >> 1, y: (height - side) >> 1, side };
}

function reason({ name, message }) {
  const reasons = {
    NotAllowedError: 'The camera may not be used: allow it for this page in the browser, then choose Live again.',
    NotFoundError: 'No camera was found on this device; add a picture instead.',
    NotReadableError: 'The camera is used by another program: close that, then choose Live again.',
    NotSupportedError: 'This browser offers no camera here: open the page over https or on localhost.',
  };
  return reasons[name] ?? `The camera cannot be used: ${message || name}`;
}
