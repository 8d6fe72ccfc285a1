#include "serve_signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "session.h"

namespace fathom {
namespace {

using Event = ServeSignals::Event;

void SendSelf(int signal) { ASSERT_EQ(::kill(::getpid(), signal), 0); }

TEST(ServeSignals, AreTakenWhetherOrNotAnybodyWaits) {
  ServeSignals signals;
  EXPECT_TRUE(signals.Check().ok());
  SendSelf(SIGHUP);
  EXPECT_EQ(signals.Wait(), Event::kReload);
  EXPECT_TRUE(signals.Check().ok());
  SendSelf(SIGTERM);
  EXPECT_EQ(signals.Wait(), Event::kStop);
  EXPECT_EQ(signals.Check().code(), Code::kCancelled);
  SendSelf(SIGHUP);
  EXPECT_EQ(signals.Wait(), Event::kStop);
}

TEST(ServeSignals, WhatComesLastDoesNoHarm) {
  for (int i = 0; i < 200; ++i) {
    ServeSignals signals;
    SendSelf(SIGHUP);
  }
}

TEST(ServeSignals, AreLeftAsTheyWere) {
  sigset_t before, after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  { ServeSignals signals; }
  { ServeSignals signals; }
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal));
  }
}

TEST(ServeSignalsDeathTest, TheSecondEndsTheProgram) {
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          ServeSignals signals;
          SendSelf(SIGTERM);
          EXPECT_EQ(signals.Wait(), Event::kStop);
          SendSelf(signal);
          while (true) ::pause();
        },
        testing::KilledBySignal(signal), "");
  }
}

TEST(OpenSession, AsksWhetherToGoOnWhileWeightsAreRead) {
  ModelOptions options;
  options.folder = FATHOM_SOURCE_DIR "/models/fathom-nano";
  const auto session = OpenSession(options, 1, [] { return Cancelled("interrupted"); });
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), Code::kCancelled);
}

}  // namespace
}  // namespace fathom
