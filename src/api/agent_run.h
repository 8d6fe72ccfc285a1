// POST /v1/agent: a conversation with tools, run by the server, told as a stream of events.
//
// AgentTurn decides what comes next; here it is done without waiting: the answers of the model, one
// generation after the other, by GenerationRun, the calls by AgentCalls, and each tells when there
// is something to go on with.
#pragma once

#include <memory>
#include <string>

#include "agent/tool_groups.h"
#include "api/agent_request.h"
#include "api/generation_run.h"
#include "json/value.h"
#include "parallel/task_queue.h"

namespace fathom::api {

// All of it outlives the answers.
struct AgentParts {
  const AnswerParts& answers;
  TaskQueue& tool_threads;
  const ToolGroups& tools;
};

// Answers the caller, who is admitted, now or later; every error goes there. On a worker.
void RunAgent(const AgentParts& parts, const Caller& caller, AgentRequest request, std::string id);

// GET /v1/agent: what can be asked for, and what a request gets that says nothing.
json::Value AgentBody(const AgentParts& parts, const SamplingParams& defaults);

}  // namespace fathom::api
