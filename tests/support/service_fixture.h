// A test that talks to the whole server over a scripted model, with the bundled tokenizer.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "support/scripted_service.h"

namespace fathom::test {

class ServiceFixture : public testing::Test {
 protected:
  // Ends the one that serves now, if any.
  void Serve(ScriptedServiceOptions options) {
    service_.reset();
    options.tokenizer = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";
    options.api.grammars.seconds = grammar_seconds_;
    auto started = ScriptedService::Start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.status().message();
    service_ = std::move(started).value();
    port_ = service_->server->port();
  }

  // While everything is there that the options' functions use.
  void TearDown() override { service_.reset(); }

  // Waits for what must come.
  static bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 3000; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  // Sanitizers make compiling many times as slow: tests of other things have time for it.
  double grammar_seconds_ = 10;
  std::unique_ptr<ScriptedService> service_;
  uint16_t port_ = 0;
};

}  // namespace fathom::test
