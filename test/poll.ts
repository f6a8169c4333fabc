import { pollOnceAMillisecond } from "../src/app/poll.ts";

pollOnceAMillisecond();
