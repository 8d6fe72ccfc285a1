import { render } from "preact";
import "./style.css";
import { Page } from "./views/page.jsx";

render(<Page />, document.getElementById("app"));
