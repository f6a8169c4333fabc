import { pollOnceAMillisecond } from "../src/app/command/poll.ts";

pollOnceAMillisecond();
