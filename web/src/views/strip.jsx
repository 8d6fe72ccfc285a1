// How the model works at this moment: only what the server's `stats` say.
import { app } from "../app_state.js";
import { pathOf } from "../conversation.js";
import { useTouch } from "../use.js";

const whole = (value) => Math.round(value).toLocaleString("en");

function Figure({ name, children, title }) {
  return (
    <div class="figure" title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Strip() {
  useTouch("strip");
  const stats = pathOf(app.conversation).findLast((node) => node.stats)?.stats;
  if (!stats) return null;
  const has = (...names) => names.every((name) => Number.isFinite(stats[name]));
  const used = has("context_used", "context_tokens") && stats.context_tokens > 0
    ? stats.context_used / stats.context_tokens : null;
  return (
    <dl class="strip" aria-label="The answer in figures">
      {has("tokens_per_second") && (
        <Figure name="tokens/s">{stats.tokens_per_second.toFixed(1)}</Figure>
      )}
      {used !== null && (
        <Figure name="context" title="tokens of this conversation, of the model's window">
          <span class={`gauge ${used > 0.8 ? "high" : ""}`} aria-hidden="true">
            <span style={{ width: `${Math.min(100, used * 100)}%` }} />
          </span>
          {whole(stats.context_used)} of {whole(stats.context_tokens)}
        </Figure>
      )}
      {has("cached_tokens", "prompt_tokens") && (
        <Figure name="cached" title="tokens of the last prompt that were in the cache already">
          {whole(stats.cached_tokens)} of {whole(stats.prompt_tokens)}
        </Figure>
      )}
      {has("keys_read", "keys_present") && stats.keys_present > 0 && (
        <Figure name="keys read, all requests"
          title={`Attention read ${whole(stats.keys_read)} of the ${whole(stats.keys_present)} keys ` +
            "that were there, over all layers and all requests of the server, since this answer began"}>
          {(100 * stats.keys_read / stats.keys_present).toFixed(1)} %
        </Figure>
      )}
    </dl>
  );
}
