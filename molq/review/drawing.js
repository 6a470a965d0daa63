// The structure editor, of which the rest of the page knows no more than this.
import * as OCL from "./openchemlib.js";

export function openEditor(container, onChange) {
  const editor = new OCL.CanvasEditor(container, { initialMode: "molecule" });
  let quiet = false;
  editor.setOnChangeListener((event) => {
    if (!quiet && event.type === "molecule") setTimeout(onChange, 0); // when it is drawn
  });
  return {
    isEmpty: () => editor.getMolecule().getAllAtoms() === 0,
    molfile: () => editor.getMolecule().toMolfile(),
    smiles: () => editor.getMolecule().toIsomericSmiles(),
    // a text that the editor cannot read leaves the drawing as it is
    show(text) {
      let molecule;
      try {
        molecule = text.includes("M  END") ? OCL.Molecule.fromMolfile(text) : OCL.Molecule.fromSmiles(text.trim());
      } catch {
        return false;
      }
      quiet = true;
      editor.setMolecule(molecule);
      quiet = false;
      return true;
    },
    clear() {
      quiet = true;
      editor.clearAll();
      quiet = false;
    },
  };
}
