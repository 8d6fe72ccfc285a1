// Draws a component again when one of these names is touched.
import { useEffect, useReducer } from "preact/hooks";
import { subscribe } from "./app_state.js";

export function useTouch(...names) {
  const [, redraw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    const ends = names.map((name) => subscribe(name, redraw));
    return () => ends.forEach((end) => end());
  }, names);
}
