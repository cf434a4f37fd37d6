// Going back closes an open dialog and does not leave the page.

let returning = Promise.resolve(); // until the entry of a dialog that was closed has left the history

/** Called after `showModal`, each time. */
export async function closeOnBack(dialog) {
  await returning;
  if (!dialog.open) return;
  history.pushState({ dialog: dialog.id }, '');
  const back = () => dialog.close();
  window.addEventListener('popstate', back, { once: true });
  const closed = () => {
    window.removeEventListener('popstate', back);
    if (history.state?.dialog !== dialog.id) return; // closed by going back
    returning = new Promise((resolve) => window.addEventListener('popstate', resolve, { once: true }));
    history.back();
  };
  dialog.addEventListener('close', closed, { once: true });
}
